"""What follows from a trip that is completed: its mileage, its billing facts, and the steps that work it off."""

from shared.runtime import migrations

revision = "0004"
down_revision = "0003"

_MILEAGE = r"""
-- How far a trip was, by whom or what says so. The completion takes the best: odometer, then gps, then operator.
CREATE TABLE trip_mileage (
    trip_id     uuid NOT NULL REFERENCES trips,
    source      text NOT NULL CHECK (source IN ('odometer', 'gps', 'operator')),
    distance_m  bigint NOT NULL CHECK (distance_m BETWEEN 0 AND 100000000),
    evidence    jsonb NOT NULL,                           -- what it was found by: readings of the odometer, a track's hash
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL CHECK (char_length(recorded_by) BETWEEN 1 AND 200),
    PRIMARY KEY (trip_id, source)
);
"""

_COMPLETIONS = r"""
CREATE TABLE trip_completions (
    trip_id         uuid PRIMARY KEY REFERENCES trips,
    organization_id uuid NOT NULL,
    status          text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    revision        integer NOT NULL DEFAULT 0 CHECK (revision >= 0), -- how often the facts were fixed
    distance_m      bigint CHECK (distance_m BETWEEN 0 AND 100000000),
    distance_source text CHECK (distance_source IN ('odometer', 'gps', 'operator', 'estimate')),
    duration_s      integer CHECK (duration_s >= 0),      -- from the arrival at the pickup to the end
    waiting_s       integer CHECK (waiting_s BETWEEN 0 AND duration_s), -- of it, until the passenger was on board
    invoice_id      uuid,
    invoice_number  text CHECK (char_length(invoice_number) <= 40),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (num_nulls(distance_m, distance_source, duration_s, waiting_s) IN (0, 4)),
    CHECK ((revision > 0) = (distance_m IS NOT NULL)),
    CHECK ((invoice_id IS NULL) = (invoice_number IS NULL))
);
CREATE INDEX trip_completions_open ON trip_completions (updated_at) WHERE status = 'running';

-- waiting: for something outside, such as a distance or payments' word. compensated: it failed for good, and what it leaves
-- undone was handed to people.
CREATE TABLE trip_completion_steps (
    trip_id    uuid NOT NULL REFERENCES trip_completions,
    position   smallint NOT NULL,
    step       text NOT NULL CHECK (step IN ('facts_fixed', 'released', 'billing_told', 'invoice_requested', 'people_told',
                                             'invoice_confirmed')),
    status     text NOT NULL CHECK (status IN ('pending', 'waiting', 'done', 'skipped', 'compensated')),
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    tried_at   timestamptz,
    ended_at   timestamptz,
    detail     text CHECK (char_length(detail) <= 1000),
    PRIMARY KEY (trip_id, step),
    UNIQUE (trip_id, position),
    CHECK ((status IN ('done', 'skipped', 'compensated')) = (ended_at IS NOT NULL))
);
CREATE FUNCTION keep_ended_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'step % of the completion of trip % is %: it is done once', OLD.step, OLD.trip_id, OLD.status
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER trip_completion_steps_are_done_once BEFORE UPDATE OR DELETE ON trip_completion_steps
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION keep_ended_step();
"""


def upgrade() -> None:
    for part in (_MILEAGE, _COMPLETIONS):
        migrations.script(part)
