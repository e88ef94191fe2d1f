"""What a provider has not tried, because the recipient wants nothing, is a receipt of its own and no bounce."""

from shared.runtime import migrations

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    # Campaigns count the receipts that they know as bounces (0012), so this one counts as none.
    migrations.script("""
        -- Wider than the one before, so no row needs a look.
        ALTER TABLE deliveries
            DROP CONSTRAINT deliveries_receipt_check,
            ADD CONSTRAINT deliveries_receipt_check
                CHECK (receipt IN ('processed', 'deferred', 'expired', 'bounced_soft', 'suppressed', 'blocked', 'delivered',
                                   'bounced_hard', 'complained')) NOT VALID;
    """)
