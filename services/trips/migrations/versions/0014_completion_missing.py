"""Flags of completed trips that nothing follows from."""

from shared.runtime import migrations

revision = "0014"
down_revision = "0013"

_KIND = r"""
INSERT INTO trip_flag_kinds (kind, escalate_after_s) VALUES ('completion_missing', 7200);
CREATE INDEX trips_completed ON trips (ended_at) WHERE status = 'completed';
"""


def upgrade() -> None:
    migrations.script(_KIND)
