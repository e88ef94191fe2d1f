"""Subscriptions, their periods, what happened to them, and dunning."""

from shared.runtime import migrations

revision = "0010"
down_revision = "0009"

_SUBSCRIPTIONS = r"""
-- How an organization deals with subscriptions; without a row, what the defaults say.
CREATE TABLE subscription_settings (
    organization_id   uuid PRIMARY KEY,
    retry_days        integer[] NOT NULL DEFAULT '{1,3,5,7}'           -- after the first failure, in the customer's days
                      CHECK (cardinality(retry_days) <= 10 AND 1 <= ALL (retry_days) AND 60 >= ALL (retry_days)),
    retry_hour        integer NOT NULL DEFAULT 10 CHECK (retry_hour BETWEEN 0 AND 23),   -- not before this hour there
    grace_days        integer NOT NULL DEFAULT 7 CHECK (grace_days BETWEEN 0 AND 90),    -- of access after the first failure
    when_exhausted    text NOT NULL DEFAULT 'unpaid' CHECK (when_exhausted IN ('unpaid', 'cancel')),
    unpaid_delivery   text NOT NULL DEFAULT 'hold' CHECK (unpaid_delivery IN ('hold', 'deliver', 'cancel')),
    billing_paused_at timestamptz,                                     -- nobody is billed while it is set
    pause_reason      text CHECK (char_length(pause_reason) <= 1000),
    version           bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at        timestamptz NOT NULL,
    updated_by        text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200)
);

-- A status that stays is a transition as well: each change of a subscription is one.
CREATE TABLE subscription_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO subscription_transitions_allowed (from_status, to_status) VALUES
    ('trialing', 'trialing'), ('trialing', 'active'), ('trialing', 'past_due'), ('trialing', 'paused'), ('trialing', 'cancelled'),
    ('active', 'active'), ('active', 'past_due'), ('active', 'paused'), ('active', 'cancelled'), ('active', 'ended'),
    ('past_due', 'past_due'), ('past_due', 'active'), ('past_due', 'unpaid'), ('past_due', 'cancelled'),
    ('paused', 'paused'), ('paused', 'trialing'), ('paused', 'active'), ('paused', 'cancelled'),
    ('unpaid', 'unpaid'), ('unpaid', 'active'), ('unpaid', 'cancelled'),
    ('cancelled', 'cancelled'), ('ended', 'ended');

CREATE TABLE subscriptions (
    id                 uuid PRIMARY KEY,
    organization_id    uuid NOT NULL,
    customer_id        uuid NOT NULL REFERENCES customers,
    plan_version_id    uuid NOT NULL REFERENCES plan_versions,
    quantity           integer NOT NULL CHECK (quantity BETWEEN 1 AND 10000),
    status             text NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'unpaid', 'cancelled',
                                                         'ended')),
    time_zone          text NOT NULL CHECK (char_length(time_zone) <= 64),   -- whose days its periods are
    anchor             date NOT NULL,                                  -- periods are counted from here, see periods/anchors.py
    started_on         date NOT NULL,
    trial_ends_on      date,
    next_period_start  date NOT NULL,                                  -- everything before it is billed, skipped or was paused
    next_bill_at       timestamptz,                                    -- its midnight; NULL: nothing is billed as things stand
    payment_method_id  uuid REFERENCES payment_methods,                -- NULL: the customer pays each period themselves
    delivery           jsonb,                                          -- address, state_code, latitude, longitude
    delivery_slot      text CHECK (char_length(delivery_slot) <= 100),
    ends_at_period_end boolean NOT NULL DEFAULT false,                 -- it is cancelled instead of billed the next time
    ends_on            date,                                           -- no period begins on or after it
    next_plan_version_id uuid REFERENCES plan_versions,                -- from the next period on
    next_quantity      integer CHECK (next_quantity BETWEEN 1 AND 10000),
    paused_on          date,
    resumes_at         timestamptz,
    held_reason        text CHECK (char_length(held_reason) <= 300),   -- billing waits until a person has looked at it
    access_until       timestamptz,                                    -- grace while it is past due
    reminded_for       date,                                           -- the period of which the renewal was announced
    reminder_step      integer,                                        -- days before reminded_period, of the newest SMS
    reminded_period    date,
    cancelled_at       timestamptz,
    cancel_reason      text CHECK (char_length(cancel_reason) <= 1000),
    version            bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    changed_by         text NOT NULL CHECK (char_length(changed_by) BETWEEN 1 AND 200),
    change_reason      text CHECK (char_length(change_reason) <= 1000),
    previous_status    text,                                           -- kept by a trigger; NULL until the first change
    CHECK ((next_bill_at IS NOT NULL) = (status IN ('trialing', 'active', 'past_due'))),
    CHECK ((status IN ('cancelled', 'ended')) = (cancelled_at IS NOT NULL)),
    CHECK ((status = 'paused') = (paused_on IS NOT NULL)),
    CHECK (resumes_at IS NULL OR status = 'paused'),
    CHECK (status <> 'trialing' OR trial_ends_on IS NOT NULL),
    CHECK (anchor <= next_period_start),
    CONSTRAINT subscriptions_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES subscription_transitions_allowed (from_status, to_status)
);
CREATE INDEX subscriptions_of_organization ON subscriptions (organization_id, id);
CREATE INDEX subscriptions_of_customer ON subscriptions (customer_id, id);
CREATE INDEX subscriptions_due ON subscriptions (next_bill_at, id) WHERE status IN ('trialing', 'active') AND held_reason IS NULL;
CREATE INDEX subscriptions_resuming ON subscriptions (resumes_at) WHERE resumes_at IS NOT NULL;
CREATE TRIGGER subscriptions_status_change BEFORE UPDATE ON subscriptions
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_previous_status();

-- number: the subscription's version that the change made. before and after: the columns that it changed.
CREATE TABLE subscription_changes (
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    number          bigint NOT NULL CHECK (number >= 1),
    from_status     text,
    to_status       text NOT NULL,
    actor           text NOT NULL,
    reason          text,
    before          jsonb NOT NULL,
    after           jsonb NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (subscription_id, number)
);
CREATE TRIGGER subscription_changes_are_kept BEFORE UPDATE OR DELETE ON subscription_changes
    FOR EACH ROW EXECUTE FUNCTION keep_history();

-- Written by the database, so that no change goes without its line. Reminders are no change, and where something is delivered is
-- the customer's own and not repeated where it could not be erased.
CREATE FUNCTION note_subscription_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was      jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    unnoted  CONSTANT text[] := ARRAY['version', 'updated_at', 'changed_by', 'change_reason', 'previous_status', 'delivery',
                                      'reminded_for', 'reminder_step', 'reminded_period'];
    changed  record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, was -> key) FILTER (WHERE was ? key), '{}') AS before,
           coalesce(jsonb_object_agg(key, value), '{}') AS after
      INTO changed
      FROM jsonb_each(to_jsonb(NEW) - unnoted)
     WHERE was -> key IS DISTINCT FROM value AND (TG_OP = 'UPDATE' OR value <> 'null');
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF changed.after <> '{}' THEN
            RAISE EXCEPTION 'subscription % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO subscription_changes (subscription_id, number, from_status, to_status, actor, reason, before, after, at)
    VALUES (NEW.id, NEW.version, was ->> 'status', NEW.status, NEW.changed_by, NEW.change_reason, changed.before, changed.after,
            NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER subscriptions_are_noted AFTER INSERT OR UPDATE ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION note_subscription_change();
"""

_PERIODS = r"""
CREATE TABLE subscription_period_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO subscription_period_transitions_allowed (from_status, to_status) VALUES
    ('open', 'open'), ('open', 'paid'), ('open', 'past_due'), ('open', 'void'),
    ('past_due', 'past_due'), ('past_due', 'paid'), ('past_due', 'unpaid'), ('past_due', 'void'),
    ('unpaid', 'unpaid'), ('unpaid', 'paid'), ('unpaid', 'past_due'), ('unpaid', 'void'),
    ('void', 'void'), ('paid', 'paid'), ('skipped', 'skipped');

-- The key is what bills each period once. start_on, end_on: local days, half-open. lines: as they are invoiced or ordered.
CREATE TABLE subscription_periods (
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    start_on        date NOT NULL,
    end_on          date NOT NULL,
    organization_id uuid NOT NULL,
    customer_id     uuid NOT NULL,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities,           -- who invoices it
    plan_version_id uuid NOT NULL REFERENCES plan_versions,
    quantity        integer NOT NULL CHECK (quantity >= 1),
    status          text NOT NULL CHECK (status IN ('open', 'paid', 'past_due', 'unpaid', 'void', 'skipped')),
    reason          text CHECK (char_length(reason) <= 300),           -- of skipped and void
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    lines           jsonb NOT NULL,
    place_of_supply text,
    supply_kind     text NOT NULL,
    taxable_minor   bigint NOT NULL CHECK (taxable_minor >= 0),
    tax_minor       bigint NOT NULL CHECK (tax_minor >= 0),
    round_off_minor bigint NOT NULL,
    total_minor     bigint NOT NULL CHECK (total_minor BETWEEN 0 AND 1000000000000000),
    order_id        uuid UNIQUE,
    payment_id      uuid UNIQUE,                                       -- the newest that was made for it
    billed_at       timestamptz NOT NULL,
    paid_at         timestamptz,
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    updated_at      timestamptz NOT NULL,
    previous_status text,
    PRIMARY KEY (subscription_id, start_on),
    CHECK (start_on < end_on),
    CHECK (total_minor = taxable_minor + tax_minor + round_off_minor),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CONSTRAINT subscription_periods_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES subscription_period_transitions_allowed (from_status, to_status)
);
CREATE INDEX subscription_periods_by_legal_entity ON subscription_periods (legal_entity_id);
CREATE INDEX subscription_periods_open ON subscription_periods (subscription_id) WHERE status IN ('open', 'past_due', 'unpaid');
CREATE TRIGGER subscription_periods_status_change BEFORE UPDATE ON subscription_periods
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_previous_status();

-- No day is billed twice: a period begins where none before it lasts.
CREATE FUNCTION check_period_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM subscription_periods
                WHERE subscription_id = NEW.subscription_id AND start_on <> NEW.start_on AND status <> 'void'
                  AND start_on < NEW.end_on AND end_on > NEW.start_on) THEN
        RAISE EXCEPTION 'the period from % of subscription % overlaps another one', NEW.start_on, NEW.subscription_id
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER subscription_periods_do_not_overlap AFTER INSERT OR UPDATE OF start_on, end_on ON subscription_periods
    FOR EACH ROW EXECUTE FUNCTION check_period_overlap();

-- Deliveries that a customer does without.
CREATE TABLE subscription_skips (
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    start_on        date NOT NULL,
    skipped_by      text NOT NULL CHECK (char_length(skipped_by) BETWEEN 1 AND 200),
    skipped_at      timestamptz NOT NULL,
    PRIMARY KEY (subscription_id, start_on)
);

-- Money that a change of plan or quantity has made due (above nothing) or left unused (below it), before tax. It goes into the
-- periods that are billed next: amount_minor = what is still open + what periods have taken.
CREATE TABLE subscription_adjustments (
    id              uuid PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    description     text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 300),
    hsn_sac         text NOT NULL,
    tax_rate_bp     integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    amount_minor    bigint NOT NULL CHECK (amount_minor <> 0),
    open_minor      bigint NOT NULL CHECK (CASE WHEN amount_minor > 0 THEN open_minor BETWEEN 0 AND amount_minor
                                                ELSE open_minor BETWEEN amount_minor AND 0 END),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200)
);
CREATE INDEX subscription_adjustments_open ON subscription_adjustments (subscription_id, id) WHERE open_minor <> 0;
"""

_DUNNING = r"""
-- One for each period that was not paid. used: how many tries of the budget are gone; those that people ask for take none of it.
CREATE TABLE dunning_runs (
    subscription_id uuid NOT NULL,
    start_on        date NOT NULL,
    organization_id uuid NOT NULL,
    status          text NOT NULL CHECK (status IN ('running', 'recovered', 'exhausted', 'stopped')),
    reason          text CHECK (char_length(reason) <= 300),
    decline_kind    text CHECK (decline_kind IN ('safe_now', 'later', 'ask_customer', 'our_setup')),
    failure         text CHECK (char_length(failure) <= 300),
    failures        integer NOT NULL CHECK (failures >= 1),
    used            integer NOT NULL CHECK (used >= 0),
    began_at        timestamptz NOT NULL,
    next_try_at     timestamptz,                                       -- NULL: no further one by itself
    deadline_at     timestamptz NOT NULL,
    last_failure    text NOT NULL,                                     -- payment and try of the newest failure that was counted
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (subscription_id, start_on),
    FOREIGN KEY (subscription_id, start_on) REFERENCES subscription_periods,
    CHECK (next_try_at IS NULL OR status = 'running')
);
CREATE INDEX dunning_runs_due ON dunning_runs (least(next_try_at, deadline_at)) WHERE status = 'running';
"""


def upgrade() -> None:
    for part in (_SUBSCRIPTIONS, _PERIODS, _DUNNING):
        migrations.script(part)
