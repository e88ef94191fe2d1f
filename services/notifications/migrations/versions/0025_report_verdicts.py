"""Reports say what they mean for the account: what was refused lately for content or reputation is found whatever its provider
calls it."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("ALTER TABLE delivery_events ADD COLUMN verdict text")
    op.execute("CREATE INDEX delivery_events_refused ON delivery_events (occurred_at) WHERE verdict = 'blocked'")
    # Until the old code has gone, it looks through the table for these.
    op.execute("DROP INDEX delivery_events_blocked")
