"""The history of what workers have carried out, its statistics, and the workers themselves."""

from shared.runtime import migrations

revision = "0006"
down_revision = "0005"

# Rows come by COPY from the workers' events, which may be lost: this is a view of what was heard, and no ledger. The inbox of the
# owner is the ledger. There is no key, because nothing is ever written twice by the one collector that holds the lease.
_RUNS = r"""
CREATE TABLE task_runs (
    finished_at    timestamptz NOT NULL,                  -- by the worker's clock
    id             uuid NOT NULL,                         -- the message; of a delivery that was lost whole, the delivery
    delivery_id    uuid NOT NULL,
    name           text NOT NULL,
    lane           text NOT NULL,
    worker         text NOT NULL,
    state          text NOT NULL CHECK (state IN ('done', 'dropped', 'retry', 'failed', 'lost', 'revoked')),
    attempt        integer,                               -- null where a delivery was lost whole
    correlation_id text,
    error_class    text,
    waited_s       real,                                  -- from when the message was due to the begin of its delivery
    ran_s          real,                                  -- of the delivery, which may have brought more messages
    messages       integer NOT NULL CHECK (messages >= 1) -- that the delivery brought
) PARTITION BY RANGE (finished_at);
CREATE INDEX task_runs_by_time ON task_runs (finished_at, id);
CREATE INDEX task_runs_by_name ON task_runs (name, finished_at);
CREATE INDEX task_runs_by_id ON task_runs (id);
CREATE INDEX task_runs_by_correlation ON task_runs (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX task_runs_not_done ON task_runs (finished_at, id) WHERE state NOT IN ('done', 'dropped');
-- Of what took a second or more: few, and what people look for.
CREATE INDEX task_runs_slow ON task_runs (finished_at, id) WHERE ran_s >= 1;
"""

# waited, ran: histograms {bucket: count}; services/analytics/task_runs/histograms.py says what a bucket is.
_STATS = r"""
CREATE TABLE task_stats (
    span_s     integer NOT NULL CHECK (span_s IN (60, 3600)),
    begins_at  timestamptz NOT NULL,
    name       text NOT NULL,
    lane       text NOT NULL,
    done       bigint NOT NULL,
    dropped    bigint NOT NULL,
    retried    bigint NOT NULL,
    failed     bigint NOT NULL,
    lost       bigint NOT NULL,
    revoked    bigint NOT NULL,
    deliveries bigint NOT NULL,
    waited     jsonb NOT NULL,
    ran        jsonb NOT NULL,
    PRIMARY KEY (span_s, begins_at, name, lane)
) WITH (fillfactor = 70);

CREATE FUNCTION merge_histograms(one jsonb, other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(bucket, count), '{}') FROM (
        SELECT key AS bucket, sum(value::bigint) AS count
          FROM (SELECT * FROM jsonb_each_text(one) UNION ALL SELECT * FROM jsonb_each_text(other)) AS both_of_them
         GROUP BY key) AS merged
$$;
"""

# running: [[delivery, name, lane, seconds], ...]. heard: the collector that holds the lease writes, and says until when it heard.
_WORKERS = r"""
CREATE TABLE workers (
    hostname      text PRIMARY KEY,
    service       text,
    lanes         text[] NOT NULL,
    slots         integer NOT NULL,
    pid           integer,
    running       jsonb NOT NULL,
    processed     bigint,                                 -- deliveries, since it was started
    load_1m       real,                                   -- of its machine
    rss_bytes     bigint,
    first_seen_at timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,                   -- by the collector's clock, as all times here
    progressed_at timestamptz NOT NULL,                   -- a delivery began or ended, or nothing waited
    stopped_at    timestamptz                             -- it said good-bye
);

CREATE TABLE collector (
    single      boolean PRIMARY KEY DEFAULT true CHECK (single),
    holder      text NOT NULL,
    until       timestamptz NOT NULL,                     -- by the database's clock
    heard_until timestamptz NOT NULL
);
CREATE TABLE task_history_gaps (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    reason   text NOT NULL CHECK (reason IN ('no_collector', 'broker_away', 'overflow', 'refused')),
    dropped  bigint                                       -- null where nobody knows how many
);
CREATE INDEX task_history_gaps_by_time ON task_history_gaps (ended_at);
"""

# The service's own role changes rows alone, so the owner's rights are lent for exactly this. Attaching, unlike creating as a
# partition, lets readers and writers go on.
_DAYS = r"""
CREATE FUNCTION make_task_run_days(first date, last date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = analytics, pg_temp AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    IF last - first > 100 THEN
        RAISE EXCEPTION 'days from % to % are more than 100', first, last;
    END IF;
    IF NOT EXISTS (SELECT FROM generate_series(first, last, interval '1 day') AS wanted
                    WHERE to_regclass('task_runs_' || to_char(wanted, 'YYYYMMDD')) IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('analytics.task_runs'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        name := 'task_runs_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE task_runs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE task_runs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                       day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION task_run_days() RETURNS TABLE (day date)
    LANGUAGE sql STABLE SET search_path = analytics, pg_temp AS $$
    SELECT to_date(substring(relname FROM '\d{8}$'), 'YYYYMMDD') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'task_runs'::regclass ORDER BY 1
$$;

CREATE FUNCTION drop_task_run_day(which date, cut_off timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = analytics, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    name text := 'task_runs_' || to_char(which, 'YYYYMMDD');
BEGIN
    IF (which + 1)::timestamp AT TIME ZONE 'UTC' > least(cut_off, now() - interval '1 day') THEN
        RAISE EXCEPTION 'the day % is not over at %, or it was over less than a day ago', which, cut_off;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('analytics.task_runs'));
    IF to_regclass(name) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', name);
    RETURN true;
END $$;
"""


def upgrade() -> None:
    for part in (_RUNS, _STATS, _WORKERS, _DAYS):
        migrations.script(part)
