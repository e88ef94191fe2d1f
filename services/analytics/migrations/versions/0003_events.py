"""Business events in day partitions, the names that are known, what was put aside, and which minutes have changed."""

from shared.runtime import migrations

revision = "0003"
down_revision = "0002"

# There is no default partition: what lies outside of all days is put aside before. The key begins with the id, by which an event
# that comes again is found; the index on time is what a minute is counted by, and grows at its right edge alone.
_EVENTS = r"""
CREATE TABLE events (
    event_id        uuid NOT NULL,                        -- given by whoever sends it
    organization_id uuid NOT NULL,                        -- zeros: nobody's
    occurred_at     timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    name            text NOT NULL,
    source          text NOT NULL,                        -- 'api', or the service whose event it is
    version         integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    user_id         text,                                 -- a reference, nobody's name
    session_id      text,
    value           bigint,
    properties      jsonb,
    PRIMARY KEY (event_id, organization_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_by_time ON events (occurred_at);

-- Rows and no keys: writers of one minute must not wait for each other. Whoever counts the minute takes them away.
CREATE TABLE event_marks (
    minute    timestamptz NOT NULL,
    marked_at timestamptz NOT NULL
);

CREATE TABLE event_names (
    name             text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$' AND length(name) <= 100),
    description      text NOT NULL,
    unit             text,                                -- of `value`; null where events carry none
    dimension        text,                                -- the property by which it is counted apart
    dimension_values text[] NOT NULL DEFAULT '{}',        -- all others are counted as `other`
    created_at       timestamptz NOT NULL,
    created_by       text NOT NULL,
    updated_at       timestamptz NOT NULL,
    CHECK ((dimension IS NULL) = (cardinality(dimension_values) = 0))
);
"""

_QUARANTINE = r"""
CREATE TABLE quarantined_events (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    fingerprint     bytea NOT NULL,                       -- SHA-256 of the payload
    reason          text NOT NULL CHECK (reason IN ('invalid', 'future', 'too_old', 'too_large', 'unknown_name',
                                                    'reserved_name')),
    detail          text NOT NULL,
    event_name      text,
    payload         text NOT NULL,                        -- as it came
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    times           bigint NOT NULL DEFAULT 1 CHECK (times >= 1),
    state           text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'redriven', 'discarded')),
    decided_at      timestamptz,
    decided_by      text,
    note            text,
    CHECK ((state = 'held') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
CREATE UNIQUE INDEX quarantined_events_held_once ON quarantined_events (organization_id, fingerprint) WHERE state = 'held';
CREATE INDEX quarantined_events_by_id ON quarantined_events (organization_id, id) WHERE state = 'held';
"""

# The service's own role changes rows alone, so the owner's rights are lent for exactly this. Attaching, unlike creating as a
# partition, lets readers and writers go on.
_DAYS = r"""
CREATE FUNCTION make_event_days(first date, last date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = analytics, pg_temp AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    IF last - first > 500 THEN
        RAISE EXCEPTION 'days from % to % are more than 500', first, last;
    END IF;
    IF NOT EXISTS (SELECT FROM generate_series(first, last, interval '1 day') AS wanted
                    WHERE to_regclass('events_' || to_char(wanted, 'YYYYMMDD')) IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('analytics.events'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        name := 'events_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                       day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION event_days() RETURNS TABLE (day date)
    LANGUAGE sql STABLE SET search_path = analytics, pg_temp AS $$
    SELECT to_date(substring(relname FROM '\d{8}$'), 'YYYYMMDD') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'events'::regclass ORDER BY 1
$$;

CREATE TABLE event_days_dropped (
    day        date PRIMARY KEY,
    dropped_at timestamptz NOT NULL,
    events     bigint NOT NULL,
    bytes      bigint NOT NULL
);

-- Counted before anybody has to wait: the day is long over, and nothing is written into it any more.
CREATE FUNCTION drop_event_day(which date, cut_off timestamptz, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = analytics, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    name    text := 'events_' || to_char(which, 'YYYYMMDD');
    counted bigint;
    bytes   bigint;
BEGIN
    IF (which + 1)::timestamp AT TIME ZONE 'UTC' > least(cut_off, now() - interval '30 days') THEN
        RAISE EXCEPTION 'the day % is not over at %, or it was over less than 30 days ago', which, cut_off;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('analytics.events'));
    IF to_regclass(name) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT count(*), pg_total_relation_size(%L) FROM %I', name, name) INTO counted, bytes;
    EXECUTE format('DROP TABLE %I', name);
    INSERT INTO event_days_dropped VALUES (which, at, counted, bytes)
    ON CONFLICT (day) DO UPDATE SET dropped_at = excluded.dropped_at, events = event_days_dropped.events + excluded.events,
                                    bytes = event_days_dropped.bytes + excluded.bytes;
    RETURN counted;
END $$;
"""


def upgrade() -> None:
    for part in (_EVENTS, _QUARANTINE, _DAYS):
        migrations.script(part)
