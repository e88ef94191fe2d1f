"""Gateways' settlements, the runs that compare them with our books, and the cases that people have to look at."""

from shared.runtime import migrations

revision = "0012"
down_revision = "0011"

_HELD = r"""
-- seen_run: the run that has found it in the gateway's list; what a run has not found there it asks for by its id.
ALTER TABLE gateway_payments ADD COLUMN is_international boolean NOT NULL DEFAULT false;
ALTER TABLE gateway_payments ADD COLUMN seen_run uuid;
CREATE INDEX gateway_payments_when ON gateway_payments (coalesce(captured_at, authorized_at, first_seen_at));
CREATE INDEX gateway_refunds_unbound ON gateway_refunds (first_seen_at) WHERE refund_id IS NULL;
"""

_CLASSES = r"""
CREATE TABLE recon_classes (class text PRIMARY KEY);
INSERT INTO recon_classes
SELECT unnest(ARRAY['missing_local', 'missing_gateway', 'amount_mismatch', 'currency_mismatch', 'status_mismatch', 'late_auth',
                    'refund_unseen', 'captured_unseen', 'duplicate_capture', 'fee_mismatch', 'settled_not_posted',
                    'unsettled_overdue', 'on_hold', 'orphan_refund', 'dispute_unseen', 'utr_missing']);
"""

_RUNS = r"""
-- A comparison of one account over a stretch of time. stage, day, cursor: where it stands; step: counts its pages, so that each
-- is written down once. asked_by: the message that has begun it, which begins one run for each account.
CREATE TABLE recon_runs (
    id              uuid PRIMARY KEY,
    asked_by        uuid NOT NULL,
    gateway         text NOT NULL,
    account         text NOT NULL,
    organization_id uuid,                                   -- whose own account it is; NULL: the installation's
    requested_by    text NOT NULL CHECK (char_length(requested_by) BETWEEN 1 AND 200),
    slot            timestamptz NOT NULL,
    since           timestamptz NOT NULL,
    until           timestamptz NOT NULL,
    first_day       date NOT NULL,                          -- of the account's own time zone, as its settlements are listed
    last_day        date NOT NULL,
    stage           text NOT NULL
                    CHECK (stage IN ('payments', 'refunds', 'disputes', 'items', 'lookups', 'compare', 'postings', 'done')),
    day             date,
    cursor          text CHECK (char_length(cursor) <= 500),
    step            integer NOT NULL DEFAULT 0 CHECK (step >= 0),
    state           text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'failed')),
    fetched         jsonb NOT NULL DEFAULT '{}',
    counts          jsonb NOT NULL DEFAULT '{}',
    posted          integer NOT NULL DEFAULT 0,             -- transactions of the ledger
    error           text CHECK (char_length(error) <= 500),
    started_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    UNIQUE (asked_by, account),
    CHECK (since < until AND first_day <= last_day),
    CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX recon_runs_newest ON recon_runs (started_at, id);
CREATE INDEX recon_runs_running ON recon_runs (account, updated_at) WHERE state = 'running';

-- What a run has found that is not as it should be. healed: a fact that the gateway proves, applied by the same run.
CREATE TABLE recon_findings (
    run_id          uuid NOT NULL REFERENCES recon_runs ON DELETE CASCADE,
    class           text NOT NULL REFERENCES recon_classes,
    entity_id       text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('payment', 'refund', 'dispute', 'item', 'settlement')),
    healed          boolean NOT NULL,
    organization_id uuid,
    payment_id      uuid,
    amount_minor    bigint,                                 -- at stake
    currency        char(3),
    details         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, class, entity_id)
);

-- What a run has asked for by its id. found: whether the gateway knows it.
CREATE TABLE recon_lookups (
    run_id    uuid NOT NULL REFERENCES recon_runs ON DELETE CASCADE,
    kind      text NOT NULL CHECK (kind IN ('payment', 'order', 'refund', 'dispute', 'settlement')),
    entity_id text NOT NULL,
    found     boolean NOT NULL,
    PRIMARY KEY (run_id, kind, entity_id)
);
"""

_SETTLEMENTS = r"""
CREATE TABLE settlements (
    id              uuid PRIMARY KEY,
    gateway         text NOT NULL,
    account         text NOT NULL,
    organization_id uuid,                                   -- as of recon_runs
    settlement_id   text NOT NULL,
    status          text NOT NULL,
    amount_minor    bigint NOT NULL,
    currency        char(3) NOT NULL,
    fee_minor       bigint NOT NULL,
    tax_minor       bigint NOT NULL,
    utr             text,
    day             date NOT NULL,                          -- under which the gateway lists its items
    occurred_at     timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    difference_minor bigint NOT NULL DEFAULT 0,             -- what it comes to above its items
    posting_number  integer NOT NULL DEFAULT 0 CHECK (posting_number >= 0),
    posted_minor    bigint NOT NULL DEFAULT 0,              -- of the difference
    UNIQUE (gateway, account, settlement_id)
);
CREATE INDEX settlements_newest ON settlements (occurred_at, id);

-- Lines of gateways' reports. kind: the gateway's word, `type` there. settlement_id: empty while it is not settled. class and the
-- columns below it are the last run's word; books_minor: what our books hold for it, below nothing for what goes back;
-- needs_posting: they have changed since it was posted.
CREATE TABLE recon_items (
    id              uuid PRIMARY KEY,
    run_id          uuid NOT NULL,                          -- that has seen it last
    gateway         text NOT NULL,
    account         text NOT NULL,
    entity_id       text NOT NULL,
    kind            text NOT NULL,
    settlement_id   text NOT NULL DEFAULT '',
    day             date NOT NULL,
    amount_minor    bigint NOT NULL,
    currency        char(3) NOT NULL,
    credit_minor    bigint NOT NULL,
    debit_minor     bigint NOT NULL,
    fee_minor       bigint NOT NULL,                        -- tax_minor is a part of it
    tax_minor       bigint NOT NULL,
    on_hold         boolean NOT NULL,
    settled         boolean NOT NULL,
    utr             text,
    payment_ref     text,                                   -- the gateway's payment, order and dispute
    order_ref       text,
    dispute_ref     text,
    receipt         text,
    method          text,
    description     text,
    notes           jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    posted_at       timestamptz,
    first_seen_at   timestamptz NOT NULL,
    organization_id uuid,
    payment_id      uuid REFERENCES payments,
    class           text NOT NULL DEFAULT 'new',
    books_minor     bigint NOT NULL DEFAULT 0,
    books_currency  char(3),
    books_fee_minor bigint NOT NULL DEFAULT 0,
    books_tax_minor bigint NOT NULL DEFAULT 0,
    needs_posting   boolean NOT NULL DEFAULT true,
    posting_number  integer NOT NULL DEFAULT 0 CHECK (posting_number >= 0),
    posting_digest  text,
    UNIQUE (gateway, account, entity_id, kind, settlement_id)
);
CREATE INDEX recon_items_of_day ON recon_items (day, id);
CREATE INDEX recon_items_of_settlement ON recon_items (settlement_id) WHERE settlement_id <> '';
CREATE INDEX recon_items_of_utr ON recon_items (utr) WHERE utr IS NOT NULL;
CREATE INDEX recon_items_of_payment ON recon_items (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX recon_items_to_post ON recon_items (id) WHERE needs_posting;
"""

_CASES = r"""
-- What a person has to look at. fingerprint: kind and what it is about; there is one open case of each. A resolved one that turns
-- up again is opened again, unless somebody has accepted it as it is.
CREATE TABLE cases (
    id              uuid PRIMARY KEY,
    kind            text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 40),
    fingerprint     text NOT NULL CHECK (char_length(fingerprint) BETWEEN 1 AND 300),
    gateway         text,
    account         text,
    entity_id       text NOT NULL,
    organization_id uuid,
    payment_id      uuid REFERENCES payments,
    amount_minor    bigint,
    currency        char(3),
    details         jsonb NOT NULL DEFAULT '{}',
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
    owner           text CHECK (char_length(owner) BETWEEN 1 AND 200),
    opened_at       timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    resolution      text CHECK (resolution IN ('fixed', 'accepted', 'settled_itself')),
    resolved_at     timestamptz,
    changed_by      text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    change_note     text CHECK (char_length(change_note) <= 2000),
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at      timestamptz NOT NULL,
    CHECK ((state = 'resolved') = (resolution IS NOT NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX cases_one_open ON cases (fingerprint) WHERE state = 'open';
CREATE INDEX cases_of_fingerprint ON cases (fingerprint, opened_at);
CREATE INDEX cases_open ON cases (gateway, account) WHERE state = 'open';

CREATE TABLE case_changes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    action  text NOT NULL CHECK (action IN ('opened', 'reopened', 'assigned', 'commented', 'resolved')),
    actor   text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 200),
    owner   text,
    note    text CHECK (char_length(note) <= 2000),
    at      timestamptz NOT NULL
);
CREATE INDEX case_changes_of_case ON case_changes (case_id, id);
CREATE TRIGGER case_changes_are_kept BEFORE UPDATE OR DELETE ON case_changes FOR EACH ROW EXECUTE FUNCTION keep_history();

-- Written by the database, so that no change of a case goes without its line, whoever makes it.
CREATE FUNCTION note_case_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO case_changes (case_id, action, actor, owner, note, at)
    SELECT NEW.id, action, NEW.changed_by, NEW.owner, NEW.change_note, NEW.updated_at
      FROM (SELECT CASE WHEN TG_OP = 'INSERT' THEN 'opened'
                        WHEN OLD.state <> NEW.state AND NEW.state = 'open' THEN 'reopened'
                        WHEN OLD.state <> NEW.state THEN 'resolved'
                        WHEN OLD.owner IS DISTINCT FROM NEW.owner THEN 'assigned' END AS action) AS change
     WHERE action IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_are_noted AFTER INSERT OR UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION note_case_change();
"""


def upgrade() -> None:
    for part in (_HELD, _CLASSES, _RUNS, _SETTLEMENTS, _CASES):
        migrations.script(part)
