"""Notices that precede debits of mandates."""

from shared.runtime import migrations

revision = "0011"
down_revision = "0010"

_NOTICES = r"""
-- Reserve Bank of India: a mandate is not debited before its holder has been told of it for 24 hours; with Razorpay's cards 36
-- hours and 5 minutes. The notice is the gateway's, given with the order under which the debit is made. Its id is the order's
-- receipt. number: counted from 1; each try of a period needs a notice of its own, and the newest one counts.
CREATE TABLE mandate_notices (
    id                uuid PRIMARY KEY,
    subscription_id   uuid NOT NULL REFERENCES subscriptions,
    start_on          date NOT NULL,                                   -- the period's first day; it may not be billed yet
    number            integer NOT NULL CHECK (number >= 1),
    organization_id   uuid NOT NULL,
    payment_method_id uuid NOT NULL REFERENCES payment_methods,
    gateway           text NOT NULL,
    account           text NOT NULL,
    currency          char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor      bigint NOT NULL CHECK (amount_minor >= 1),
    charge_after      timestamptz NOT NULL,
    then_charge       boolean NOT NULL,                                -- its delivery is what the charge waits for
    status            text NOT NULL DEFAULT 'wanted' CHECK (status IN ('wanted', 'asked', 'delivered', 'failed', 'spent')),
    gateway_order_id  text,
    detail            text CHECK (char_length(detail) <= 300),         -- why it failed, for operators
    asked_at          timestamptz,
    delivered_at      timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    UNIQUE (subscription_id, start_on, number),
    UNIQUE (account, gateway_order_id),
    CHECK (status <> 'delivered' OR (gateway_order_id IS NOT NULL AND delivered_at IS NOT NULL)),
    CHECK ((status = 'wanted') = (asked_at IS NULL) OR status = 'failed')
);
CREATE INDEX mandate_notices_open ON mandate_notices (charge_after) WHERE status IN ('wanted', 'asked');
-- What gateways have told of notices, by the orders that these came with: it may be here before we know of the order.
CREATE TABLE mandate_notice_reports (
    account          text NOT NULL,
    gateway_order_id text NOT NULL,
    delivered        boolean NOT NULL,
    reported_at      timestamptz NOT NULL,
    PRIMARY KEY (account, gateway_order_id)
);
CREATE INDEX mandate_notices_of_method ON mandate_notices (payment_method_id);
"""


def upgrade() -> None:
    migrations.script(_NOTICES)
