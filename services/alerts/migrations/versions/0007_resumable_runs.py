"""Evaluation in chunks that commit alone: what is due in a table of its own, and a ledger that a run resumes from."""

from shared.runtime import migrations

revision = "0007"
down_revision = "0006"

_CHANGE = r"""
-- On which day a shipment is to be looked at. A row too many is looked at for nothing and gone; a watched shipment that can
-- still reach a step has a row on or before the day on which it does. One narrow index to insert into and to delete from costs
-- a quarter of moving a date in the shipment's own row, which every index of that table would follow.
CREATE TABLE due_evaluations (
    due_on      date,
    shipment_id uuid,
    PRIMARY KEY (due_on, shipment_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
INSERT INTO due_evaluations (due_on, shipment_id)
SELECT next_evaluation_on, id FROM shipments WHERE next_evaluation_on IS NOT NULL;

ALTER TABLE evaluation_runs
    ADD COLUMN trigger       text NOT NULL DEFAULT 'message' CHECK (trigger IN ('message', 'http')),
    ADD COLUMN requested_by  text NOT NULL DEFAULT 'system:schedule' CHECK (char_length(requested_by) <= 200),
    ADD COLUMN progressed_at timestamptz,                   -- when the newest chunk was committed
    ADD COLUMN starts        integer NOT NULL DEFAULT 0,    -- how often a worker took it up
    ADD COLUMN working_ms    bigint NOT NULL DEFAULT 0,     -- the time that its chunks took
    ADD COLUMN error         text;                          -- why it was given up
CREATE INDEX evaluation_runs_newest ON evaluation_runs (requested_at, id);
CREATE INDEX evaluation_runs_unfinished ON evaluation_runs (id) WHERE finished_at IS NULL;

CREATE TABLE evaluation_chunks (
    run_id      uuid NOT NULL REFERENCES evaluation_runs ON DELETE CASCADE,
    number      integer NOT NULL CHECK (number >= 1),
    shipments   integer NOT NULL,                           -- how many were looked at
    raised      integer NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, number)
);
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
