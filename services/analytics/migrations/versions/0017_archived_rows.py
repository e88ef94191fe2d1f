"""Which files hold what was deleted."""

from shared.runtime import migrations

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    migrations.apply("runtime_0003")
