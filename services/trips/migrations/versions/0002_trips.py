"""Drivers with their shifts, vehicles, devices, and trips whose illegal steps cannot be written."""

from shared.runtime import migrations

revision = "0002"
down_revision = "0001"

# The database's administrator makes extensions (`deploy/postgres/bootstrap.py`); a service's owner may not.
_EXTENSION = r"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
        RAISE EXCEPTION 'the extension btree_gist is missing in this database'
            USING HINT = 'Run python -m deploy.postgres.bootstrap as the administrator, or CREATE EXTENSION btree_gist.';
    END IF;
END $$;
"""

_DRIVERS = r"""
CREATE TABLE drivers (
    id                 uuid PRIMARY KEY,
    organization_id    uuid NOT NULL,
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    phone              text CHECK (phone ~ '^\+[1-9][0-9]{5,14}$'),
    email              text CHECK (char_length(email) <= 320),
    locale             text NOT NULL CHECK (char_length(locale) <= 35),
    time_zone          text NOT NULL CHECK (char_length(time_zone) <= 64),
    licence_number     text CHECK (char_length(licence_number) BETWEEN 1 AND 40),
    licence_classes    text[] NOT NULL CHECK (cardinality(licence_classes) <= 20),
    licence_expires_on date,                              -- the last day on which they may drive
    skills             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 50),
    works              text NOT NULL DEFAULT 'always' CHECK (works IN ('always', 'shifts')), -- shifts: only within one
    status             text NOT NULL CHECK (status IN ('active', 'suspended', 'left')),
    version            bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    erased_at          timestamptz,
    UNIQUE (organization_id, id),
    CHECK (erased_at IS NULL OR (status = 'left' AND num_nonnulls(phone, email, licence_number) = 0))
);

-- duty: when a driver who works in shifts can drive. absence: when nobody of either kind can.
CREATE TABLE driver_shifts (
    id         uuid PRIMARY KEY,
    driver_id  uuid NOT NULL REFERENCES drivers,
    kind       text NOT NULL CHECK (kind IN ('duty', 'absence')),
    during     tstzrange NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)),
    CONSTRAINT driver_shifts_do_not_overlap EXCLUDE USING gist (driver_id WITH =, kind WITH =, during WITH &&)
);
"""

_VEHICLES = r"""
CREATE TABLE vehicles (
    id                uuid PRIMARY KEY,
    organization_id   uuid NOT NULL,
    plate             text NOT NULL CHECK (plate ~ '^[A-Z0-9]{2,15}$'),
    label             text CHECK (char_length(label) BETWEEN 1 AND 100),
    seats             smallint NOT NULL CHECK (seats BETWEEN 0 AND 100),             -- beside the driver's
    wheelchair_places smallint NOT NULL CHECK (wheelchair_places BETWEEN 0 AND 20),
    stretchers        smallint NOT NULL CHECK (stretchers BETWEEN 0 AND 10),
    bariatric         boolean NOT NULL DEFAULT false,                                -- its stretchers carry up to 450 kg
    equipment         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(equipment) <= 50),
    licence_class     text,                                                          -- that its driver must hold
    status            text NOT NULL CHECK (status IN ('in_service', 'out_of_service', 'retired')),
    version           bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    CHECK (seats + wheelchair_places + stretchers > 0),
    CHECK (NOT bariatric OR stretchers > 0)
);
CREATE UNIQUE INDEX vehicles_by_plate ON vehicles (organization_id, plate) WHERE status <> 'retired';

-- identifier: what the device calls itself by its protocol: the id of OsmAnd and Traccar Client, `user/device` of OwnTracks.
-- token_hash: SHA-256 of its secret, which is shown once. Clients that can send none are let in by the identifier alone.
CREATE TABLE devices (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    vehicle_id      uuid NOT NULL,
    protocol        text NOT NULL CHECK (protocol IN ('api', 'osmand', 'owntracks')),
    identifier      text NOT NULL CHECK (char_length(identifier) BETWEEN 1 AND 200),
    label           text CHECK (char_length(label) BETWEEN 1 AND 100),
    token_hash      bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    token_required  boolean NOT NULL DEFAULT true,
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id)
);
-- Of all organizations: a device says nothing but this when it reports.
CREATE UNIQUE INDEX devices_by_identifier ON devices (protocol, identifier) WHERE revoked_at IS NULL;
CREATE INDEX devices_of_vehicle ON devices (vehicle_id);
CREATE INDEX devices_of_organization ON devices (organization_id, id);
"""

# Who may take a trip from where to where. A status that stays is a step as well: each change of a trip is one. What has no
# row here cannot be written, so a trip that has ended never changes again.
_RULES = r"""
CREATE TABLE trip_transitions_allowed (
    from_status text,
    to_status   text,
    actor_role  text CHECK (actor_role IN ('operator', 'driver', 'passenger', 'system')),
    PRIMARY KEY (from_status, to_status, actor_role)
);
INSERT INTO trip_transitions_allowed (from_status, to_status, actor_role)
SELECT from_status, to_status, unnest(string_to_array(roles, ' '))
  FROM (VALUES
    ('none',            'requested',       'operator passenger system'),
    ('none',            'scheduled',       'operator system'),
    ('none',            'will_call',       'operator passenger system'),
    ('requested',       'requested',       'operator passenger'),
    ('requested',       'scheduled',       'operator system'),
    ('requested',       'cancelled',       'operator passenger system'),
    ('will_call',       'will_call',       'operator passenger'),
    ('will_call',       'scheduled',       'operator passenger'),
    ('will_call',       'cancelled',       'operator passenger system'),
    ('scheduled',       'scheduled',       'operator'),
    ('scheduled',       'will_call',       'operator'),
    ('scheduled',       'assigned',        'operator system'),
    ('scheduled',       'cancelled',       'operator passenger system'),
    ('assigned',        'assigned',        'operator driver system'),
    ('assigned',        'scheduled',       'operator driver system'),
    ('assigned',        'accepted',        'operator driver'),
    ('assigned',        'cancelled',       'operator passenger system'),
    ('accepted',        'accepted',        'operator driver system'),
    ('accepted',        'scheduled',       'operator driver'),
    ('accepted',        'en_route_pickup', 'operator driver system'),
    ('accepted',        'cancelled',       'operator passenger system'),
    ('en_route_pickup', 'en_route_pickup', 'operator driver system'),
    ('en_route_pickup', 'scheduled',       'operator'),
    ('en_route_pickup', 'at_pickup',       'operator driver system'),
    ('en_route_pickup', 'cancelled',       'operator passenger system'),
    ('at_pickup',       'at_pickup',       'operator driver system'),
    ('at_pickup',       'scheduled',       'operator'),
    ('at_pickup',       'onboard',         'operator driver system'),
    ('at_pickup',       'no_show',         'operator driver'),
    ('at_pickup',       'cancelled',       'operator passenger system'),
    ('onboard',         'onboard',         'operator driver system'),
    ('onboard',         'at_dropoff',      'operator driver system'),
    ('onboard',         'aborted',         'operator driver'),
    ('at_dropoff',      'at_dropoff',      'operator driver system'),
    ('at_dropoff',      'completed',       'operator driver system'),
    ('at_dropoff',      'aborted',         'operator driver')
  ) AS rule (from_status, to_status, roles);
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

_TRIPS = r"""
CREATE TABLE trips (
    id                uuid PRIMARY KEY,
    organization_id   uuid NOT NULL,
    number            text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 40),
    trip_type         text NOT NULL CHECK (trip_type ~ '^[a-z][a-z0-9_]{0,49}$'),
    status            text NOT NULL CHECK (status IN ('requested', 'scheduled', 'will_call', 'assigned', 'accepted',
                                                      'en_route_pickup', 'at_pickup', 'onboard', 'at_dropoff', 'completed',
                                                      'cancelled', 'no_show', 'aborted')),
    customer          text,                                -- who pays, `payments.customer:<id>`
    passenger         text,                                -- who travels, as notifications knows them
    requester         text,                                -- who asked for it, as notifications knows them
    passenger_name    text CHECK (char_length(passenger_name) BETWEEN 1 AND 200),
    passenger_phone   text CHECK (passenger_phone ~ '^\+[1-9][0-9]{5,14}$'),
    mobility          text NOT NULL CHECK (mobility IN ('ambulatory', 'wheelchair', 'stretcher', 'bariatric')),
    escorts           smallint NOT NULL DEFAULT 0 CHECK (escorts BETWEEN 0 AND 8),
    equipment         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(equipment) <= 20), -- that the vehicle must carry
    skills            text[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 20),    -- that the driver must have
    pickup_label      text NOT NULL CHECK (char_length(pickup_label) BETWEEN 1 AND 300), -- tells no address
    pickup_address    text CHECK (char_length(pickup_address) BETWEEN 1 AND 500),
    pickup_lat        double precision CHECK (pickup_lat BETWEEN -90 AND 90),
    pickup_lon        double precision CHECK (pickup_lon BETWEEN -180 AND 180),
    dropoff_label     text NOT NULL CHECK (char_length(dropoff_label) BETWEEN 1 AND 300),
    dropoff_address   text CHECK (char_length(dropoff_address) BETWEEN 1 AND 500),
    dropoff_lat       double precision CHECK (dropoff_lat BETWEEN -90 AND 90),
    dropoff_lon       double precision CHECK (dropoff_lon BETWEEN -180 AND 180),
    appointment_at    timestamptz,                         -- the passenger must be there by then
    pickup_at         timestamptz,                         -- as asked for, then as planned
    dropoff_at        timestamptz,                         -- as planned
    planned           tstzrange,                           -- pickup to drop-off with its buffers: driver and vehicle are bound
    return_of         uuid REFERENCES trips,               -- the outbound trip of a return leg
    driver_id         uuid,
    vehicle_id        uuid,
    status_at         timestamptz NOT NULL,
    started_at        timestamptz,                         -- the driver set out
    pickup_arrived_at timestamptz,
    onboard_at        timestamptz,
    dropoff_arrived_at timestamptz,
    ended_at          timestamptz,
    version           bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    changed_by        text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    changed_as        text NOT NULL,
    change_reason     text CHECK (char_length(change_reason) <= 1000),
    change_details    jsonb,                               -- of the newest change: a message, a place, a reason's code
    previous_status   text NOT NULL DEFAULT 'none',        -- kept by a trigger
    UNIQUE (organization_id, number),
    FOREIGN KEY (organization_id, driver_id) REFERENCES drivers (organization_id, id),
    FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id),
    CONSTRAINT trips_status_transition FOREIGN KEY (previous_status, status, changed_as)
        REFERENCES trip_transitions_allowed (from_status, to_status, actor_role),
    CHECK (num_nonnulls(pickup_lat, pickup_lon) <> 1 AND num_nonnulls(dropoff_lat, dropoff_lon) <> 1),
    CHECK (num_nonnulls(driver_id, vehicle_id) <> 1),
    CHECK (planned IS NULL OR (NOT isempty(planned) AND lower_inc(planned) AND NOT upper_inc(planned))),
    CHECK (dropoff_at > pickup_at AND pickup_at <@ planned AND dropoff_at <= upper(planned)),
    CONSTRAINT trips_are_planned CHECK (status IN ('requested', 'will_call', 'cancelled') OR
                                        num_nonnulls(pickup_at, dropoff_at, planned) = 3),
    CONSTRAINT trips_have_a_driver CHECK (CASE WHEN status IN ('requested', 'scheduled', 'will_call') THEN driver_id IS NULL
                                               ELSE status = 'cancelled' OR driver_id IS NOT NULL END),
    CHECK ((status IN ('completed', 'cancelled', 'no_show', 'aborted')) = (ended_at IS NOT NULL)),
    CHECK (return_of <> id)
);
CREATE INDEX trips_of_organization ON trips (organization_id, id);
CREATE INDEX trips_by_pickup ON trips (organization_id, pickup_at) WHERE ended_at IS NULL;
CREATE INDEX trips_of_driver ON trips (driver_id, pickup_at);
CREATE INDEX trips_of_vehicle ON trips (vehicle_id, pickup_at);
CREATE INDEX trips_of_customer ON trips (customer, id) WHERE customer IS NOT NULL;
CREATE INDEX trips_of_passenger ON trips (passenger, pickup_at) WHERE passenger IS NOT NULL;
CREATE INDEX trips_under_way ON trips (started_at) WHERE started_at IS NOT NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX trips_one_return ON trips (return_of) WHERE status <> 'cancelled';
"""

_HISTORY = r"""
-- number: the trip's version that the change made. before and after: the columns that it changed.
CREATE TABLE trip_events (
    trip_id     uuid NOT NULL REFERENCES trips,
    number      bigint NOT NULL CHECK (number >= 1),
    from_status text NOT NULL,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    actor_role  text NOT NULL,
    reason      text,
    details     jsonb,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (trip_id, number),
    FOREIGN KEY (from_status, to_status, actor_role) REFERENCES trip_transitions_allowed (from_status, to_status, actor_role)
);
CREATE TRIGGER trip_events_are_kept BEFORE UPDATE OR DELETE ON trip_events FOR EACH ROW EXECUTE FUNCTION keep_history();

CREATE FUNCTION note_previous_trip_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_status := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status ELSE 'none' END;
    RETURN NEW;
END $$;
CREATE TRIGGER trips_begin BEFORE INSERT ON trips FOR EACH ROW EXECUTE FUNCTION note_previous_trip_status();
CREATE TRIGGER trips_status_change BEFORE UPDATE ON trips
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_previous_trip_status();

-- Written by the database, so that no change of a trip goes without its line, whoever makes it. Who travels and from which
-- address is personal, and not repeated where it could not be erased.
CREATE FUNCTION note_trip_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was     jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    unnoted CONSTANT text[] := ARRAY['version', 'updated_at', 'changed_by', 'changed_as', 'change_reason', 'change_details',
                                     'previous_status', 'passenger_name', 'passenger_phone', 'pickup_label', 'pickup_address',
                                     'pickup_lat', 'pickup_lon', 'dropoff_label', 'dropoff_address', 'dropoff_lat',
                                     'dropoff_lon'];
    changed record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, was -> key) FILTER (WHERE was ? key), '{}') AS before,
           coalesce(jsonb_object_agg(key, value), '{}') AS after
      INTO changed
      FROM jsonb_each(to_jsonb(NEW) - unnoted)
     WHERE was -> key IS DISTINCT FROM value AND (TG_OP = 'UPDATE' OR value <> 'null');
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF changed.after <> '{}' THEN
            RAISE EXCEPTION 'trip % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO trip_events (trip_id, number, from_status, to_status, actor, actor_role, reason, details, before, after, at)
    VALUES (NEW.id, NEW.version, NEW.previous_status, NEW.status, NEW.changed_by, NEW.changed_as, NEW.change_reason,
            NEW.change_details, changed.before, changed.after, NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER trips_are_noted AFTER INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION note_trip_event();
"""


def upgrade() -> None:
    for part in (_EXTENSION, _DRIVERS, _VEHICLES, _RULES, _TRIPS, _HISTORY):
        migrations.script(part)
