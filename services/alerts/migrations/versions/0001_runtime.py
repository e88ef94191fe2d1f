"""The runtime's tables: outbox, inbox, dead letters, schedules, operations."""

from shared.runtime import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    migrations.apply("runtime_0001")
