"""What was refused for content or reputation lately is found by its time, so that its account can be paused."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("CREATE INDEX delivery_events_blocked ON delivery_events (occurred_at) WHERE kind = 'blocked'")
