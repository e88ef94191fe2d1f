"""Two more kinds of moments that are kept: what a look at the caches has found, and one at tables and indexes."""

from shared.runtime import migrations

revision = "0016"
down_revision = "0015"

_KINDS = """
ALTER TABLE monitoring_snapshots DROP CONSTRAINT monitoring_snapshots_kind_check;
ALTER TABLE monitoring_snapshots ADD CONSTRAINT monitoring_snapshots_kind_check
    CHECK (kind IN ('realtime', 'performance', 'dashboard', 'clean_up', 'caches', 'optimization')) NOT VALID;
ALTER TABLE monitoring_snapshots VALIDATE CONSTRAINT monitoring_snapshots_kind_check;
"""


def upgrade() -> None:
    migrations.script(_KINDS)
