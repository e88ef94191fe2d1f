"""How full the disks are on which a worker keeps what must not be lost."""

from shared.runtime import migrations

revision = "0019"
down_revision = "0018"

_DISKS = """
ALTER TABLE workers ADD COLUMN disks jsonb NOT NULL DEFAULT '[]';
"""


def upgrade() -> None:
    migrations.script(_DISKS)
