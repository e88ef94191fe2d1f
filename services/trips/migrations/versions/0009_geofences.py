"""Geofences, and when vehicles crossed them."""

from shared.runtime import migrations

revision = "0009"
down_revision = "0008"

# shape: as the API shows it. The box around it lets most of the way be left out without looking at the shape.
_GEOFENCES = r"""
CREATE TABLE geofences (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    shape           jsonb NOT NULL CHECK (shape ->> 'type' IN ('circle', 'polygon')),
    south           double precision NOT NULL,
    west            double precision NOT NULL,
    north           double precision NOT NULL,
    east            double precision NOT NULL,
    dwell_s         integer CHECK (dwell_s BETWEEN 60 AND 86400),
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    deleted_at      timestamptz,                           -- its events stay
    UNIQUE (organization_id, id),
    CHECK (south < north AND west < east AND south >= -90 AND north <= 90 AND west >= -180 AND east <= 180)
);
CREATE UNIQUE INDEX geofences_by_name ON geofences (organization_id, name) WHERE deleted_at IS NULL;
CREATE INDEX geofences_of_organization ON geofences (organization_id, id);
"""

# seen: after which fix and up to which one it happened. Between the same two a vehicle enters, leaves and stays once, whoever
# looks, and however often.
_EVENTS = r"""
CREATE TABLE geofence_events (
    id              uuid PRIMARY KEY,
    geofence_id     uuid NOT NULL,
    vehicle_id      uuid NOT NULL,
    organization_id uuid NOT NULL,
    trip_id         uuid,                                  -- that was under way then
    kind            text NOT NULL CHECK (kind IN ('enter', 'exit', 'dwell')),
    at              timestamptz NOT NULL,
    seen            tstzrange NOT NULL CHECK (NOT isempty(seen) AND at <@ seen),
    latitude        double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    noted_at        timestamptz NOT NULL,
    FOREIGN KEY (organization_id, geofence_id) REFERENCES geofences (organization_id, id),
    FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id),
    CONSTRAINT geofence_events_happen_once
        EXCLUDE USING gist (geofence_id WITH =, vehicle_id WITH =, kind WITH =, seen WITH &&)
);
CREATE INDEX geofence_events_of_organization ON geofence_events (organization_id, id);
CREATE INDEX geofence_events_of_vehicle ON geofence_events (vehicle_id, geofence_id, at);
CREATE INDEX geofence_events_entered ON geofence_events (at) WHERE kind = 'enter';

-- Up to which fix of a vehicle its way has been looked at. What is recorded before and comes later is not looked at any more.
CREATE TABLE geofence_progress (
    vehicle_id uuid PRIMARY KEY REFERENCES vehicles,
    upto       timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for part in (_GEOFENCES, _EVENTS):
        migrations.script(part)
