"""Alerts about the task system, and silences over them."""

from shared.runtime import migrations

revision = "0014"
down_revision = "0013"

# The unique index is what makes one condition one alert, however many evaluate it.
_ALERTS = """
CREATE TABLE monitoring_alerts (
    id              uuid PRIMARY KEY,
    source          text NOT NULL CHECK (source IN ('waybill', 'alertmanager')),
    rule            text NOT NULL,                        -- of Alertmanager's, the alert's name
    subject         text NOT NULL,                        -- a lane, a worker, a task, ...; of Alertmanager's, the fingerprint
    severity        text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    state           text NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
    summary         text NOT NULL,
    figure          double precision,
    labels          jsonb NOT NULL,
    runbook_url     text,
    since           timestamptz NOT NULL,                 -- what it is about has been so
    seen_at         timestamptz NOT NULL,                 -- it was last seen to be so
    fired_at        timestamptz,
    told_at         timestamptz,                          -- somebody was told that it fires
    resolved_at     timestamptz,
    told_resolved_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note            text,
    CHECK ((state = 'pending') = (fired_at IS NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (num_nonnulls(acknowledged_at, acknowledged_by) IN (0, 2))
);
CREATE UNIQUE INDEX monitoring_alerts_open ON monitoring_alerts (source, rule, subject) WHERE state <> 'resolved';
CREATE INDEX monitoring_alerts_resolved ON monitoring_alerts (resolved_at) WHERE state = 'resolved';
"""

# A pattern's * stands for any text; null fits everything.
_SILENCES = """
CREATE TABLE monitoring_silences (
    id         uuid PRIMARY KEY,
    rule       text,
    subject    text,
    reason     text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    until      timestamptz NOT NULL CHECK (until > created_at),
    ended_at   timestamptz,
    ended_by   text,
    CHECK (num_nonnulls(rule, subject) >= 1),
    CHECK (num_nonnulls(ended_at, ended_by) IN (0, 2))
);
CREATE INDEX monitoring_silences_by_end ON monitoring_silences (until);
"""

# One row, which whoever changes alerts holds: of two looks the older one changes nothing. missed: slots passed over, by entry.
_EVALUATION = """
CREATE TABLE monitoring_evaluation (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    looked_at timestamptz,
    missed    jsonb NOT NULL DEFAULT '{}'
);
INSERT INTO monitoring_evaluation DEFAULT VALUES;
"""


def upgrade() -> None:
    for part in (_ALERTS, _SILENCES, _EVALUATION):
        migrations.script(part)
