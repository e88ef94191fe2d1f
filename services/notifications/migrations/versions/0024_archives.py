"""Which files hold what was deleted."""

from shared.runtime import migrations

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    migrations.apply("runtime_0003")
