"""How fast a lane is sent to, and how many children its workers have."""

from shared.runtime import migrations

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    migrations.apply("runtime_0004")
