"""Shipments, the default policy, alerts, and the ledger of evaluation runs."""

from shared.runtime import migrations

revision = "0002"
down_revision = "0001"

_TABLES = r"""
-- Whether lateness matters in a status: until customs lets the goods go.
CREATE FUNCTION is_watched(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('in_transit', 'arrived', 'customs_hold');

CREATE TABLE shipments (
    id                 uuid PRIMARY KEY,
    organization_id    uuid NOT NULL,
    customer           text NOT NULL CHECK (char_length(customer) BETWEEN 1 AND 200),
    reference          text NOT NULL CHECK (char_length(reference) BETWEEN 1 AND 100),
    carrier            text NOT NULL CHECK (char_length(carrier) BETWEEN 1 AND 100),
    origin             text NOT NULL CHECK (char_length(origin) BETWEEN 1 AND 100),
    destination        text NOT NULL CHECK (char_length(destination) BETWEEN 1 AND 100),
    original_eta       date NOT NULL,                -- the first one that we were told; never changed
    current_eta        date NOT NULL CHECK (current_eta BETWEEN '2000-01-01' AND '2099-12-31'),
    eta_revision       integer NOT NULL DEFAULT 1 CHECK (eta_revision >= 1),  -- how many ETAs we were told
    status             text NOT NULL
                       CHECK (status IN ('in_transit', 'arrived', 'customs_hold', 'released', 'delivered', 'cancelled')),
    watched            boolean NOT NULL GENERATED ALWAYS AS (is_watched(status)) STORED,
    recipient_email    text NOT NULL CHECK (char_length(recipient_email) <= 254 AND recipient_email ~ '^[!-?A-~]+@[!-?A-~]+$'),
    next_evaluation_on date,                         -- when it reaches its next step; NULL when there is none to reach
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, reference),
    CHECK (watched OR next_evaluation_on IS NULL)
);
-- A run walks this index from its low end and touches nothing but the shipments that reach a step.
CREATE INDEX shipments_due ON shipments (next_evaluation_on, id) WHERE next_evaluation_on IS NOT NULL;
CREATE INDEX shipments_of_organization ON shipments (organization_id, id);

-- From how many days past the ETA an alert of which severity is due: the one policy that holds for all shipments.
CREATE TABLE policy_steps (
    step      smallint PRIMARY KEY CHECK (step >= 1),
    days_late integer NOT NULL UNIQUE CHECK (days_late >= 1),
    severity  text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical'))
);
INSERT INTO policy_steps (step, days_late, severity) VALUES (1, 1, 'info'), (2, 3, 'warning'), (3, 5, 'high'), (4, 7, 'critical');

CREATE TABLE alerts (
    id                 uuid PRIMARY KEY,
    organization_id    uuid NOT NULL,
    shipment_id        uuid NOT NULL REFERENCES shipments (id),
    step               smallint NOT NULL,
    eta_revision       integer NOT NULL,
    severity           text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical')),
    days_late          integer NOT NULL CHECK (days_late >= 1),  -- on the day it was raised, not the step's own
    raised_on          date NOT NULL,                -- the day that the run evaluated, not the day on which it ran
    status             text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    email_sent         boolean NOT NULL DEFAULT false,
    email_sent_at      timestamptz,
    email_retry_count  integer NOT NULL DEFAULT 0 CHECK (email_retry_count >= 0),
    email_error        text,
    email_requested_at timestamptz,                  -- when notifications was asked to send; NULL until then
    created_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (shipment_id, step, eta_revision),        -- what makes a second run create nothing
    CHECK (email_sent = (email_sent_at IS NOT NULL))
);
CREATE INDEX alerts_of_organization ON alerts (organization_id, id);
CREATE INDEX alerts_email_pending ON alerts (id) WHERE NOT email_sent AND email_requested_at IS NULL AND status = 'open';

-- One row per run. Its id is the id of the message that asked for the run.
CREATE TABLE evaluation_runs (
    id          uuid PRIMARY KEY,
    as_of       date NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    shipments   integer NOT NULL DEFAULT 0,          -- how many reached a step
    raised      integer NOT NULL DEFAULT 0,          -- how many alerts came of it
    chunks      integer NOT NULL DEFAULT 0
);
"""


def upgrade() -> None:
    migrations.script(_TABLES)
