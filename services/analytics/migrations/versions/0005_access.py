"""What the service knows of access: organizations, revocations, API keys; and the chain of its audit."""

from shared.runtime import migrations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    migrations.apply("runtime_0002")
