"""What all services have archived is kept as a snapshot, too."""

from shared.runtime import migrations

revision = "0018"
down_revision = "0017"

_KINDS = r"""
ALTER TABLE monitoring_snapshots DROP CONSTRAINT monitoring_snapshots_kind_check;
ALTER TABLE monitoring_snapshots ADD CONSTRAINT monitoring_snapshots_kind_check
    CHECK (kind IN ('realtime', 'performance', 'dashboard', 'clean_up', 'caches', 'optimization', 'archives')) NOT VALID;
ALTER TABLE monitoring_snapshots VALIDATE CONSTRAINT monitoring_snapshots_kind_check;
"""


def upgrade() -> None:
    migrations.script(_KINDS)
