"""Assignments that cannot overlap, and how an organization dispatches."""

from shared.runtime import migrations

revision = "0003"
down_revision = "0002"

_SETTINGS = r"""
CREATE TABLE dispatch_settings (
    organization_id uuid PRIMARY KEY,
    buffer_before_s integer NOT NULL CHECK (buffer_before_s BETWEEN 0 AND 14400), -- for the way to the pickup
    buffer_after_s  integer NOT NULL CHECK (buffer_after_s BETWEEN 0 AND 14400),  -- after the drop-off
    offer_s         integer NOT NULL CHECK (offer_s BETWEEN 30 AND 86400),        -- how long a driver has to answer
    dispatcher      text,                                                         -- who is told of what needs somebody
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200)
);
ALTER TABLE drivers ADD usual_vehicle_id uuid;
ALTER TABLE drivers ADD FOREIGN KEY (organization_id, usual_vehicle_id) REFERENCES vehicles (organization_id, id);
"""

# Offered and accepted ones bind driver and vehicle. Those of other statuses are history and are in nobody's way.
_ASSIGNMENTS = r"""
CREATE TABLE assignments (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    trip_id         uuid NOT NULL REFERENCES trips,
    driver_id       uuid NOT NULL,
    vehicle_id      uuid NOT NULL,
    during          tstzrange NOT NULL CHECK (NOT isempty(during)),
    status          text NOT NULL CHECK (status IN ('offered', 'accepted', 'declined', 'expired', 'withdrawn', 'released')),
    seeks_next      boolean NOT NULL,                     -- whether the next candidate is asked where this one will not
    offered_at      timestamptz NOT NULL,
    offered_by      text NOT NULL CHECK (char_length(offered_by) BETWEEN 1 AND 200),
    answer_by       timestamptz NOT NULL CHECK (answer_by > offered_at),
    answered_at     timestamptz,
    ended_at        timestamptz,
    reason          text CHECK (char_length(reason) <= 1000),
    FOREIGN KEY (organization_id, driver_id) REFERENCES drivers (organization_id, id),
    FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id),
    UNIQUE (id, trip_id, driver_id, vehicle_id),
    CHECK ((status IN ('offered', 'accepted')) = (ended_at IS NULL)),
    CHECK (status <> 'accepted' OR answered_at IS NOT NULL),
    CONSTRAINT assignments_bind_a_driver_once EXCLUDE USING gist (driver_id WITH =, during WITH &&)
        WHERE (status IN ('offered', 'accepted')),
    CONSTRAINT assignments_bind_a_vehicle_once EXCLUDE USING gist (vehicle_id WITH =, during WITH &&)
        WHERE (status IN ('offered', 'accepted'))
);
CREATE UNIQUE INDEX assignments_one_per_trip ON assignments (trip_id) WHERE status IN ('offered', 'accepted');
CREATE INDEX assignments_of_trip ON assignments (trip_id, id);

-- Whoever drives a trip was assigned to it, and so bound by the constraints above. Trips from before have no assignment.
ALTER TABLE trips ADD assignment_id uuid;
ALTER TABLE trips ADD CONSTRAINT trips_are_assigned
    FOREIGN KEY (assignment_id, id, driver_id, vehicle_id) REFERENCES assignments (id, trip_id, driver_id, vehicle_id);
ALTER TABLE trips ADD CONSTRAINT trips_have_an_assignment CHECK ((driver_id IS NULL) = (assignment_id IS NULL)) NOT VALID;
"""


def upgrade() -> None:
    for part in (_SETTINGS, _ASSIGNMENTS):
        migrations.script(part)
