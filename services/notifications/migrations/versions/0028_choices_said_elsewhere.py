"""Choices that recipients have made elsewhere: by a mail to the address of List-Unsubscribe, or at the provider."""

from shared.runtime import migrations

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    # After 0027, whose look at all deliveries must not hold up who changes preferences. People choose by hand, so these are few.
    migrations.script("""
        ALTER TABLE preference_changes
            DROP CONSTRAINT preference_changes_source_check,
            ADD CONSTRAINT preference_changes_source_check
                CHECK (source IN ('operator', 'one_click', 'unsubscribe_page', 'preference_page', 'mail', 'provider'));
    """)
