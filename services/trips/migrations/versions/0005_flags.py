"""Flags of trips that need somebody, and how long trips may take."""

from shared.runtime import migrations

revision = "0005"
down_revision = "0004"

_FLAGS = r"""
-- Whoever watches over something new adds a kind.
CREATE TABLE trip_flag_kinds (
    kind             text PRIMARY KEY CHECK (kind ~ '^[a-z][a-z0-9_]{0,49}$'),
    escalate_after_s integer NOT NULL CHECK (escalate_after_s > 0)
);
INSERT INTO trip_flag_kinds (kind, escalate_after_s) VALUES
    ('over_duration',        7200),
    ('late_for_appointment', 1800),
    ('unassigned',           1800),
    ('distance_missing',     86400),
    ('invoice_missing',      86400);

CREATE TABLE trip_flags (
    id              uuid PRIMARY KEY,
    trip_id         uuid NOT NULL REFERENCES trips,
    organization_id uuid NOT NULL,
    kind            text NOT NULL REFERENCES trip_flag_kinds,
    detail          jsonb NOT NULL,                       -- what it was opened by
    opened_at       timestamptz NOT NULL,
    escalated_at    timestamptz,
    cleared_at      timestamptz,
    CHECK (escalated_at >= opened_at AND cleared_at >= opened_at)
);
CREATE UNIQUE INDEX trip_flags_one_open ON trip_flags (trip_id, kind) WHERE cleared_at IS NULL;
CREATE INDEX trip_flags_of_organization ON trip_flags (organization_id, id);
CREATE INDEX trip_flags_of_trip ON trip_flags (trip_id, id);

-- How long trips may take from setting out to their end. The most special row counts: customer and type, customer, type, all.
CREATE TABLE trip_limits (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    customer        text,
    trip_type       text CHECK (trip_type ~ '^[a-z][a-z0-9_]{0,49}$'),
    max_duration_s  integer NOT NULL CHECK (max_duration_s BETWEEN 60 AND 604800),
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    UNIQUE NULLS NOT DISTINCT (organization_id, customer, trip_type)
);
"""


def upgrade() -> None:
    migrations.script(_FLAGS)
