"""What monitoring has seen at its moments, and since when each part of the system is as it is."""

from shared.runtime import migrations

revision = "0007"
down_revision = "0006"

_TABLES = """
CREATE TABLE monitoring_snapshots (
    kind text NOT NULL CHECK (kind IN ('realtime', 'performance', 'dashboard', 'clean_up')),
    at   timestamptz NOT NULL,                            -- the slot that asked for it
    body jsonb NOT NULL,
    PRIMARY KEY (kind, at)
);

CREATE TABLE component_health (
    component  text PRIMARY KEY,
    status     text NOT NULL CHECK (status IN ('ok', 'impaired', 'down')),
    problem    text,
    since      timestamptz NOT NULL,                      -- it has this status
    checked_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    migrations.script(_TABLES)
