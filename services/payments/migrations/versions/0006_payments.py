"""Payments and their attempts, what gateways hold of them, refunds, credits, disputes, stored methods, and gateways' events."""

from shared.runtime import migrations

revision = "0006"
down_revision = "0005"

_SETTINGS = r"""
-- What an organization wants done where somebody has to decide; without a row, what the defaults say.
CREATE TABLE payment_settings (
    organization_id       uuid PRIMARY KEY,
    surplus               text NOT NULL DEFAULT 'credit' CHECK (surplus IN ('credit', 'refund')),
    late_authorization    text NOT NULL DEFAULT 'capture' CHECK (late_authorization IN ('capture', 'release')),
    approve_refunds_above_minor bigint CHECK (approve_refunds_above_minor >= 0), -- NULL: no refund needs a second person
    version               bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at            timestamptz NOT NULL,
    updated_by            text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200)
);
"""

_METHODS = r"""
CREATE TABLE gateway_customers (
    customer_id         uuid NOT NULL REFERENCES customers,
    gateway             text NOT NULL,
    account             text NOT NULL,
    gateway_customer_id text NOT NULL,
    created_at          timestamptz NOT NULL,
    PRIMARY KEY (customer_id, gateway, account)
);

-- token: what stands for the card or account at the gateway. There is no room for a card's number.
CREATE TABLE payment_methods (
    id                  uuid PRIMARY KEY,
    organization_id     uuid NOT NULL,
    customer_id         uuid NOT NULL REFERENCES customers,
    gateway             text NOT NULL,
    account             text NOT NULL,
    gateway_customer_id text NOT NULL,
    token               text NOT NULL,
    kind                text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 40),
    label               text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    max_amount_minor    bigint CHECK (max_amount_minor >= 1),
    expires_at          timestamptz,
    status              text NOT NULL CHECK (status IN ('initiated', 'confirmed', 'rejected', 'paused', 'cancelled', 'expired')),
    reason              text CHECK (char_length(reason) <= 300),
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    version             bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (gateway, account, token)
);
CREATE INDEX payment_methods_of_customer ON payment_methods (customer_id, id);
"""

_PAYMENTS = r"""
CREATE TABLE payment_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
-- A status that stays is a transition as well: each change of a payment is one. failed leads on, because a bank's late yes may
-- come for three days; so do expired and cancelled, where money that a gateway has proved cannot be refused.
INSERT INTO payment_transitions_allowed (from_status, to_status)
SELECT status, status FROM unnest(ARRAY['created', 'processing', 'requires_action', 'authorized', 'captured',
                                        'partially_refunded', 'refunded', 'disputed', 'failed', 'expired', 'cancelled',
                                        'unknown']) AS status
UNION ALL
SELECT 'created', status FROM unnest(ARRAY['processing', 'requires_action', 'authorized', 'captured', 'failed', 'expired',
                                           'cancelled', 'unknown']) AS status
UNION ALL
SELECT 'processing', status FROM unnest(ARRAY['created', 'requires_action', 'authorized', 'captured', 'failed', 'expired',
                                              'cancelled', 'unknown']) AS status
UNION ALL
SELECT 'requires_action', status FROM unnest(ARRAY['processing', 'authorized', 'captured', 'failed', 'expired', 'cancelled',
                                                   'unknown']) AS status
UNION ALL
SELECT 'unknown', status FROM unnest(ARRAY['created', 'processing', 'requires_action', 'authorized', 'captured', 'failed',
                                           'expired', 'cancelled']) AS status
UNION ALL
SELECT 'authorized', status FROM unnest(ARRAY['captured', 'expired', 'cancelled']) AS status
UNION ALL
SELECT 'failed', status FROM unnest(ARRAY['processing', 'requires_action', 'authorized', 'captured', 'expired', 'cancelled',
                                          'unknown']) AS status
UNION ALL
SELECT 'expired', status FROM unnest(ARRAY['authorized', 'captured', 'cancelled']) AS status
UNION ALL
SELECT 'cancelled', status FROM unnest(ARRAY['authorized', 'captured', 'expired']) AS status
UNION ALL
SELECT was, status FROM unnest(ARRAY['captured', 'partially_refunded', 'refunded', 'disputed']) AS was,
                        unnest(ARRAY['captured', 'partially_refunded', 'refunded', 'disputed']) AS status
 WHERE was <> status
UNION ALL
-- Facts that arrive together are one change.
SELECT was, status FROM unnest(ARRAY['created', 'processing', 'requires_action', 'unknown', 'authorized', 'failed', 'expired',
                                     'cancelled']) AS was,
                        unnest(ARRAY['partially_refunded', 'refunded', 'disputed']) AS status;

CREATE TABLE payments (
    id                 uuid PRIMARY KEY,
    organization_id    uuid NOT NULL,
    customer_id        uuid REFERENCES customers,
    order_id           uuid REFERENCES orders,
    invoice_id         uuid REFERENCES invoices,
    subscription_id    uuid,
    period_start       date,
    gateway            text NOT NULL CHECK (gateway ~ '^[a-z]{1,20}$'),
    account            text NOT NULL CHECK (char_length(account) BETWEEN 1 AND 100),
    payment_method_id  uuid REFERENCES payment_methods,     -- charged without the customer; NULL: the customer pays themselves
    method             text,                                -- in the gateway's words, once it is known
    currency           char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor       bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    captured_minor     bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
    refunded_minor     bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    disputed_minor     bigint NOT NULL DEFAULT 0 CHECK (disputed_minor >= 0),
    status             text NOT NULL,
    is_open            boolean NOT NULL,                    -- keeps others from paying the same; never true again once false,
                                                            -- but for a retry of its own
    is_live            boolean NOT NULL,                    -- the period's one payment; false once it has failed for good
    gateway_order_id   text,
    gateway_payment_id text,                                -- the one that brought the money, else the newest
    client_secret      text,                                -- with which a Stripe page confirms it
    action_url         text,
    decline_code       text,
    decline_reason     text,
    decline_kind       text CHECK (decline_kind IN ('safe_now', 'later', 'ask_customer', 'our_setup')),
    failure            text CHECK (char_length(failure) <= 300),
    next_action        text,
    tries              integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    handled_tries      integer NOT NULL DEFAULT -1,         -- up to which try the customer was told
    next_attempt_at    timestamptz,
    unknown_since      timestamptz,
    check_at           timestamptz,                         -- when the gateway is asked next
    checks             integer NOT NULL DEFAULT 0,
    late_until         timestamptz,
    authorized_at      timestamptz,
    captured_at        timestamptz,
    expires_at         timestamptz,
    version            bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    changed_by         text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    change_reason      text CHECK (char_length(change_reason) <= 1000),
    change_reference   text CHECK (char_length(change_reference) <= 200),
    previous_status    text,                                -- kept by a trigger; NULL until the first change
    UNIQUE (gateway, account, gateway_payment_id),
    UNIQUE (gateway, account, gateway_order_id),
    CHECK (num_nonnulls(order_id, invoice_id) >= 1 OR subscription_id IS NOT NULL),
    CHECK ((subscription_id IS NULL) = (period_start IS NULL)),
    CHECK (refunded_minor <= captured_minor),
    CHECK (NOT is_open OR status IN ('created', 'processing', 'requires_action', 'authorized', 'unknown')),
    FOREIGN KEY (status, status) REFERENCES payment_transitions_allowed (from_status, to_status),
    CONSTRAINT payments_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES payment_transitions_allowed (from_status, to_status)
);
CREATE UNIQUE INDEX payments_one_open_of_order ON payments (order_id) WHERE is_open AND order_id IS NOT NULL;
CREATE UNIQUE INDEX payments_one_open_of_invoice ON payments (invoice_id)
    WHERE is_open AND order_id IS NULL AND invoice_id IS NOT NULL;
CREATE UNIQUE INDEX payments_one_of_period ON payments (subscription_id, period_start)
    WHERE is_live AND subscription_id IS NOT NULL;
CREATE INDEX payments_of_organization ON payments (organization_id, id);
CREATE INDEX payments_of_order ON payments (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX payments_of_invoice ON payments (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX payments_of_customer ON payments (customer_id, id);
CREATE INDEX payments_to_retry ON payments (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX payments_to_check ON payments (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX payments_authorized ON payments (authorized_at) WHERE status = 'authorized';
CREATE INDEX payments_expiring ON payments (expires_at) WHERE is_open AND expires_at IS NOT NULL;

-- number: the payment's version that the change made.
CREATE TABLE payment_changes (
    payment_id  uuid NOT NULL REFERENCES payments,
    number      bigint NOT NULL CHECK (number >= 1),
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    reason      text,
    reference   text,
    before      jsonb NOT NULL,
    after       jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (payment_id, number)
);
CREATE TRIGGER payment_changes_are_kept BEFORE UPDATE OR DELETE ON payment_changes FOR EACH ROW EXECUTE FUNCTION keep_history();
CREATE TRIGGER payments_status_change BEFORE UPDATE ON payments
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_previous_status();

-- Written by the database, so that no change of a payment goes without its line, whoever makes it.
CREATE FUNCTION note_payment_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted CONSTANT text[] := ARRAY['captured_minor', 'refunded_minor', 'disputed_minor', 'gateway_order_id', 'gateway_payment_id',
                                   'method', 'decline_reason', 'decline_kind', 'tries', 'next_attempt_at'];
    was   jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    is_   jsonb := to_jsonb(NEW);
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF NEW.status <> OLD.status OR NEW.captured_minor <> OLD.captured_minor OR NEW.refunded_minor <> OLD.refunded_minor THEN
            RAISE EXCEPTION 'payment % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO payment_changes (payment_id, number, from_status, to_status, actor, reason, reference, before, after, at)
    SELECT NEW.id, NEW.version, was ->> 'status', NEW.status, NEW.changed_by, NEW.change_reason, NEW.change_reference,
           coalesce(jsonb_object_agg(name, was -> name) FILTER (WHERE was ? name), '{}'),
           coalesce(jsonb_object_agg(name, is_ -> name) FILTER (WHERE name IS NOT NULL), '{}'), NEW.updated_at
      FROM (SELECT name FROM unnest(noted) AS name
             WHERE was -> name IS DISTINCT FROM is_ -> name AND (was ? name OR is_ -> name <> 'null')) AS changed;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_are_noted AFTER INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION note_payment_change();

-- One row per call of a gateway, committed before it is made. id: our receipt at the gateway.
CREATE TABLE payment_attempts (
    id                 uuid PRIMARY KEY,
    payment_id         uuid NOT NULL REFERENCES payments,
    number             integer NOT NULL CHECK (number >= 1),
    kind               text NOT NULL CHECK (kind IN ('order', 'charge', 'capture', 'refund', 'cancel')),
    refund_id          uuid,                                -- a foreign key below: refunds have payments
    status             text NOT NULL DEFAULT 'started'
                       CHECK (status IN ('started', 'succeeded', 'declined', 'refused', 'unavailable', 'unknown')),
    amount_minor       bigint NOT NULL CHECK (amount_minor >= 1),
    gateway_order_id   text,
    gateway_payment_id text,
    started_at         timestamptz NOT NULL,
    finished_at        timestamptz,
    detail             text CHECK (char_length(detail) <= 300),
    UNIQUE (payment_id, number),
    CHECK ((kind = 'refund') = (refund_id IS NOT NULL))
);
CREATE INDEX payment_attempts_unfinished ON payment_attempts (payment_id) WHERE status IN ('started', 'unknown');

-- What a gateway holds of a payment, merged from all that it has said: every column only ever moves up. A try that failed and the
-- one that went well are two of them, on one order of the gateway. payment_id: NULL while we do not know whose it is.
CREATE TABLE gateway_payments (
    id                 uuid PRIMARY KEY,
    payment_id         uuid REFERENCES payments,
    gateway            text NOT NULL,
    account            text NOT NULL,
    gateway_payment_id text NOT NULL,
    gateway_order_id   text,
    receipt            text,
    rank               smallint NOT NULL CHECK (rank BETWEEN 1 AND 7),
    amount_minor       bigint NOT NULL,
    currency           char(3) NOT NULL,
    captured_minor     bigint NOT NULL CHECK (captured_minor >= 0),
    refunded_minor     bigint NOT NULL CHECK (refunded_minor >= 0),   -- as told with the payment; refunds have rows of their own
    fee_minor          bigint,
    tax_minor          bigint,
    method             text,
    bank               text,
    reference          text,
    token              text,
    action_url         text,
    decline            jsonb,
    authorized_at      timestamptz,
    captured_at        timestamptz,
    failed_at          timestamptz,
    first_seen_at      timestamptz NOT NULL,
    counted_as         text CHECK (counted_as IN ('main', 'duplicate', 'mismatch')), -- how it was booked; NULL: not captured
    UNIQUE (gateway, account, gateway_payment_id)
);
CREATE INDEX gateway_payments_of_payment ON gateway_payments (payment_id);
CREATE INDEX gateway_payments_of_order ON gateway_payments (gateway, account, gateway_order_id);
CREATE INDEX gateway_payments_unmatched ON gateway_payments (first_seen_at) WHERE payment_id IS NULL;
CREATE UNIQUE INDEX gateway_payments_main ON gateway_payments (payment_id) WHERE counted_as = 'main';
"""

_REFUNDS = r"""
CREATE TABLE refunds (
    id                 uuid PRIMARY KEY,                    -- also the receipt and the idempotency key at the gateway
    organization_id    uuid NOT NULL,
    payment_id         uuid NOT NULL REFERENCES payments,
    order_id           uuid REFERENCES orders,
    plan_id            uuid REFERENCES refund_plans,                          -- the cancellation of the order that it carries out
    gateway            text NOT NULL,
    account            text NOT NULL,
    gateway_payment_id text,
    gateway_refund_id  text,
    amount_minor       bigint NOT NULL CHECK (amount_minor >= 1),
    currency           char(3) NOT NULL,
    from_credit        boolean NOT NULL,                    -- gives back a customer's credit, and not what an order got
    status             text NOT NULL
                       CHECK (status IN ('awaiting_approval', 'requested', 'pending', 'processed', 'failed', 'rejected')),
    reason             text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    failure            text CHECK (char_length(failure) <= 300),
    reference          text,                                -- the bank's, by which the customer's bank finds it
    requested_by       text NOT NULL CHECK (char_length(requested_by) BETWEEN 1 AND 200),
    approved_by        text CHECK (approved_by <> requested_by),
    requested_at       timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    processed_at       timestamptz,
    version            bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (gateway, account, gateway_refund_id)
);
CREATE INDEX refunds_of_payment ON refunds (payment_id);
CREATE INDEX refunds_of_organization ON refunds (organization_id, id);
CREATE INDEX refunds_open ON refunds (updated_at) WHERE status IN ('requested', 'pending');
CREATE UNIQUE INDEX refunds_of_plan ON refunds (plan_id, payment_id)
    WHERE plan_id IS NOT NULL AND status NOT IN ('failed', 'rejected');

ALTER TABLE payment_attempts ADD FOREIGN KEY (refund_id) REFERENCES refunds;

-- The last word on "never more than was captured": whoever inserts holds the payment's row.
CREATE FUNCTION check_refunds_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    captured bigint;
    given    bigint;
BEGIN
    SELECT captured_minor INTO captured FROM payments WHERE id = NEW.payment_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO given FROM refunds
     WHERE payment_id = NEW.payment_id AND status NOT IN ('failed', 'rejected');
    IF given > captured THEN
        RAISE EXCEPTION 'refunds of payment % come to % and % was captured', NEW.payment_id, given, captured
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_captured';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refunds_within_captured AFTER INSERT OR UPDATE OF amount_minor, status ON refunds
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_refunds_sum();

-- What gateways say of refunds, merged; a fact may be here before our own row knows the gateway's id, or without one of ours.
CREATE TABLE gateway_refunds (
    gateway            text NOT NULL,
    account            text NOT NULL,
    gateway_refund_id  text NOT NULL,
    gateway_payment_id text NOT NULL,
    receipt            text,
    rank               smallint NOT NULL CHECK (rank BETWEEN 1 AND 3),
    amount_minor       bigint NOT NULL CHECK (amount_minor >= 1),
    currency           char(3) NOT NULL,
    reference          text,
    processed_at       timestamptz,
    first_seen_at      timestamptz NOT NULL,
    refund_id          uuid REFERENCES refunds,
    PRIMARY KEY (gateway, account, gateway_refund_id)
);
CREATE INDEX gateway_refunds_of_payment ON gateway_refunds (gateway, account, gateway_payment_id);
"""

_CREDITS = r"""
-- Entries that are never changed; what a customer has is their sum. amount_minor: grants are positive, uses negative.
CREATE TABLE customer_credits (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    customer_id     uuid NOT NULL REFERENCES customers,
    currency        char(3) NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('grant', 'apply', 'expire', 'refund', 'refund_failed')),
    amount_minor    bigint NOT NULL CHECK (amount_minor <> 0 AND (amount_minor > 0) = (kind IN ('grant', 'refund_failed'))),
    source          text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 40),
    source_id       uuid NOT NULL,
    order_id        uuid REFERENCES orders,
    invoice_id      uuid REFERENCES invoices,
    note            text CHECK (char_length(note) <= 500),
    at              timestamptz NOT NULL,
    UNIQUE (source, source_id, kind)
);
CREATE INDEX customer_credits_of_customer ON customer_credits (customer_id, currency, at, id) INCLUDE (amount_minor);
CREATE TRIGGER customer_credits_are_kept BEFORE UPDATE OR DELETE ON customer_credits FOR EACH ROW EXECUTE FUNCTION keep_history();

CREATE FUNCTION check_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('payments.credit:' || NEW.customer_id || NEW.currency, 0));
    IF NEW.amount_minor < 0
        AND (SELECT coalesce(sum(amount_minor), 0) FROM customer_credits
              WHERE customer_id = NEW.customer_id AND currency = NEW.currency) + NEW.amount_minor < 0
    THEN
        RAISE EXCEPTION 'customer % has not so much to their credit', NEW.customer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_credits_balance';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_credits_balance BEFORE INSERT ON customer_credits FOR EACH ROW EXECUTE FUNCTION check_credit();
"""

_EVENTS = r"""
CREATE TABLE gateway_events (
    id          uuid PRIMARY KEY,
    gateway     text NOT NULL,
    account     text NOT NULL,
    event_id    text NOT NULL CHECK (char_length(event_id) BETWEEN 1 AND 200),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    entity_id   text NOT NULL CHECK (char_length(entity_id) <= 200),
    created_at  timestamptz NOT NULL,                       -- at the gateway
    received_at timestamptz NOT NULL,
    applied_at  timestamptz,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'applied', 'ignored', 'unreadable')),
    key_id      text,
    payload     bytea,                                      -- sealed; NULL once it is pruned
    UNIQUE (gateway, account, event_id),
    -- Razorpay's event id is not part of what it signs, so what happened is unique as well.
    UNIQUE (gateway, account, name, entity_id, created_at)
);
CREATE INDEX gateway_events_received ON gateway_events (received_at);
CREATE INDEX gateway_events_waiting ON gateway_events (received_at) WHERE state = 'waiting';

CREATE TABLE disputes (
    id                 uuid PRIMARY KEY,
    organization_id    uuid,
    payment_id         uuid REFERENCES payments,
    gateway            text NOT NULL,
    account            text NOT NULL,
    gateway_dispute_id text NOT NULL,
    gateway_payment_id text NOT NULL,
    rank               smallint NOT NULL CHECK (rank BETWEEN 1 AND 5),
    amount_minor       bigint NOT NULL CHECK (amount_minor >= 0),
    deducted_minor     bigint NOT NULL CHECK (deducted_minor >= 0),
    currency           char(3) NOT NULL,
    reason             text,
    respond_by         timestamptz,
    opened_at          timestamptz NOT NULL,
    decided_at         timestamptz,
    UNIQUE (gateway, account, gateway_dispute_id)
);
CREATE INDEX disputes_of_payment ON disputes (payment_id);
"""


def upgrade() -> None:
    for part in (_SETTINGS, _METHODS, _PAYMENTS, _REFUNDS, _CREDITS, _EVENTS):
        migrations.script(part)
