"""How fast a lane is sent to, and how many children its workers have."""

from shared.runtime import migrations

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    migrations.apply("runtime_0004")
