"""Which files hold what was deleted."""

from shared.runtime import migrations

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    migrations.apply("runtime_0003")
