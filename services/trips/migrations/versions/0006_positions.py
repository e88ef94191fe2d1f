"""Positions in day partitions, the latest of each vehicle, and what was dropped."""

from shared.runtime import migrations

revision = "0006"
down_revision = "0005"

# No row leads from here to a vehicle or a trip by a foreign key: a device has proven the one, the statement that writes the point
# has found the other, and a check per point would cost as much as the point. There is no default partition: what lies outside of
# all days is refused before.
_POSITIONS = r"""
CREATE TABLE positions (
    vehicle_id      uuid NOT NULL,
    recorded_at     timestamptz NOT NULL,                 -- by the device's clock
    received_at     timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    device_id       uuid,                                 -- null where no device reported it
    trip_id         uuid,                                 -- that was under way then
    latitude        double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    speed_mps       real CHECK (speed_mps >= 0),
    heading_deg     real CHECK (heading_deg BETWEEN 0 AND 360),
    altitude_m      real,
    accuracy_m      real CHECK (accuracy_m >= 0),
    battery_ratio   real CHECK (battery_ratio BETWEEN 0 AND 1),
    source          text NOT NULL CHECK (source IN ('api', 'osmand', 'traccar', 'owntracks', 'task')),
    attributes      jsonb,                                -- what else a client said
    PRIMARY KEY (vehicle_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

-- Room in each page lets an update stay in it, and touch no index: nothing that is indexed here ever changes.
-- suspect_*: a jump too far to be true, which the next point may show to be true after all.
CREATE TABLE latest_positions (
    vehicle_id        uuid PRIMARY KEY,
    organization_id   uuid NOT NULL,
    trip_id           uuid,
    recorded_at       timestamptz NOT NULL,
    received_at       timestamptz NOT NULL,
    latitude          double precision NOT NULL,
    longitude         double precision NOT NULL,
    speed_mps         real,
    heading_deg       real,
    accuracy_m        real,
    battery_ratio     real,
    source            text NOT NULL,
    shown             text NOT NULL,                       -- the row as JSON: ten thousand of them are one answer
    suspect_at        timestamptz,
    suspect_latitude  double precision,
    suspect_longitude double precision,
    FOREIGN KEY (organization_id, vehicle_id) REFERENCES vehicles (organization_id, id),
    CHECK (num_nonnulls(suspect_at, suspect_latitude, suspect_longitude) IN (0, 3))
) WITH (fillfactor = 60);
CREATE INDEX latest_positions_of_organization ON latest_positions (organization_id);

CREATE FUNCTION utc_text(moment timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT rtrim(rtrim(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z'
$$;
CREATE FUNCTION write_out_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.shown := json_build_object(
        'vehicle_id', NEW.vehicle_id, 'trip_id', NEW.trip_id, 'recorded_at', utc_text(NEW.recorded_at),
        'received_at', utc_text(NEW.received_at), 'latitude', NEW.latitude, 'longitude', NEW.longitude,
        'speed_mps', NEW.speed_mps, 'heading_deg', NEW.heading_deg, 'accuracy_m', NEW.accuracy_m,
        'battery_ratio', NEW.battery_ratio, 'source', NEW.source);
    RETURN NEW;
END $$;
CREATE TRIGGER latest_positions_are_written_out BEFORE INSERT OR UPDATE OF recorded_at ON latest_positions
    FOR EACH ROW EXECUTE FUNCTION write_out_position();

CREATE INDEX trips_driven_by_vehicle ON trips (vehicle_id, started_at) WHERE started_at IS NOT NULL;
"""

# sample: the newest point that was dropped so, as it came.
_DROPS = r"""
CREATE TABLE position_drops (
    vehicle_id      uuid NOT NULL,
    day             date NOT NULL,                        -- on which it was received, UTC
    reason          text NOT NULL CHECK (reason IN ('invalid', 'future', 'past', 'null_island', 'inaccurate', 'teleport',
                                                    'trip_unknown', 'trip_ended')),
    organization_id uuid NOT NULL,
    points          bigint NOT NULL CHECK (points >= 1),
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    detail          text NOT NULL,
    sample          jsonb NOT NULL,
    PRIMARY KEY (vehicle_id, day, reason)
);
CREATE INDEX position_drops_of_organization ON position_drops (organization_id, day);
CREATE INDEX position_drops_by_day ON position_drops (day);

CREATE TABLE position_days_dropped (
    day        date NOT NULL,
    dropped_at timestamptz NOT NULL,
    cut_off    timestamptz NOT NULL,                      -- nothing from then on was dropped
    points     bigint NOT NULL,
    bytes      bigint NOT NULL,
    drop_ms    double precision NOT NULL,                 -- for how long writers may have waited
    PRIMARY KEY (day, dropped_at)
);
CREATE TRIGGER position_days_dropped_are_kept BEFORE UPDATE OR DELETE ON position_days_dropped
    FOR EACH ROW EXECUTE FUNCTION keep_history();
"""

# The service's own role changes rows alone, so the owner's rights are lent for exactly this. Attaching, unlike creating as a
# partition, lets readers and writers go on.
_DAYS = r"""
CREATE FUNCTION make_position_days(first date, last date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = trips, pg_temp AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    IF last - first > 100 THEN
        RAISE EXCEPTION 'days from % to % are more than 100', first, last;
    END IF;
    IF NOT EXISTS (SELECT FROM generate_series(first, last, interval '1 day') AS wanted
                    WHERE to_regclass('positions_' || to_char(wanted, 'YYYYMMDD')) IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('trips.positions'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        name := 'positions_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE positions INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE positions ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                       day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION position_days() RETURNS TABLE (day date)
    LANGUAGE sql STABLE SET search_path = trips, pg_temp AS $$
    SELECT to_date(substring(relname FROM '\d{8}$'), 'YYYYMMDD') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'positions'::regclass ORDER BY 1
$$;

-- Points are counted before anybody has to wait: the day is over, and nothing is written into it any more.
CREATE FUNCTION drop_position_day(which date, cut_off timestamptz, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = trips, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    name   text := 'positions_' || to_char(which, 'YYYYMMDD');
    points bigint;
    bytes  bigint;
    began  timestamptz;
BEGIN
    IF (which + 1)::timestamp AT TIME ZONE 'UTC' > least(cut_off, now() - interval '1 day') THEN
        RAISE EXCEPTION 'the day % is not over at %, or it was over less than a day ago', which, cut_off;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('trips.positions'));
    IF to_regclass(name) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT count(*), pg_total_relation_size(%L) FROM %I', name, name) INTO points, bytes;
    began := clock_timestamp();
    EXECUTE format('DROP TABLE %I', name);
    INSERT INTO position_days_dropped
    VALUES (which, at, drop_position_day.cut_off, points, bytes, 1000 * extract(epoch FROM clock_timestamp() - began));
    RETURN points;
END $$;
"""


def upgrade() -> None:
    for part in (_POSITIONS, _DROPS, _DAYS):
        migrations.script(part)
