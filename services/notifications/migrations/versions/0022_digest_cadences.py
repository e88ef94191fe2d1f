"""Summaries each hour and each week, beside the daily one."""

from alembic import op
from sqlalchemy import text

from services.notifications.templates.seeding import builtins
from shared.runtime import migrations

revision = "0022"
down_revision = "0021"

_SEED = text("""
    SELECT seed_template(:name, :locale, :subject, :text, :html, CAST(:sample AS jsonb), :sms, :push_title, :push_body,
                         CAST(:variables AS jsonb))
""")


def upgrade() -> None:
    migrations.script("""
        ALTER TABLE organization_choices
            DROP CONSTRAINT organization_choices_choice_check,
            DROP CONSTRAINT organization_choices_check,
            ADD CONSTRAINT organization_choices_choice_check CHECK (choice IN ('on', 'off', 'hourly', 'daily', 'weekly')),
            ADD CONSTRAINT organization_choices_summaries
                CHECK (choice IN ('on', 'off') OR (channel = 'email' AND category <> 'digests'));
        ALTER TABLE preferences
            DROP CONSTRAINT preferences_choice_check,
            DROP CONSTRAINT preferences_check,
            ADD CONSTRAINT preferences_choice_check CHECK (choice IN ('on', 'off', 'hourly', 'daily', 'weekly')),
            ADD CONSTRAINT preferences_summaries
                CHECK (choice IN ('on', 'off') OR (channel = 'email' AND category <> 'digests'));
        UPDATE categories SET title = 'Summaries', title_hi = 'सारांश', revision = revision + 1, updated_at = now()
         WHERE name = 'digests' AND organization_id IS NULL;

        -- In which digest an entry is told of. What the code before this collects is for the daily one.
        ALTER TABLE digest_entries
            ADD COLUMN cadence text NOT NULL DEFAULT 'daily' CHECK (cadence IN ('hourly', 'daily', 'weekly'));
        CREATE INDEX digest_entries_due ON digest_entries (person, cadence, occurred_at) WHERE digested_on IS NULL;
        DROP INDEX digest_entries_waiting;

        -- For whom messages are being collected for an hour: from the first one until they are told of, in one mail. Whoever
        -- collects holds the row until its commit, and whoever tells of them deletes it first; see window_repository.py.
        CREATE TABLE digest_windows (
            person    text PRIMARY KEY CHECK (char_length(person) <= 200),
            id        uuid NOT NULL,
            opened_at timestamptz NOT NULL,
            closes_at timestamptz NOT NULL CHECK (closes_at >= opened_at)
        ) WITH (fillfactor = 70);
        CREATE INDEX digest_windows_by_end ON digest_windows (closes_at);
    """)
    for one in builtins(("daily_digest", "hourly_digest")):
        op.get_bind().execute(_SEED, {field: getattr(one, field) for field in one.__slots__})
