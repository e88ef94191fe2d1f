"""Who was told of which alert, by which mail, and what became of it."""

from shared.runtime import migrations

revision = "0008"
down_revision = "0007"

_CHANGE = r"""
-- One mail to one recipient, about one alert or many. Its id is the id of the message that asks for it.
CREATE TABLE alert_emails (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    recipient       text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('alert', 'digest')),
    subject_key     text NOT NULL,                          -- by which it is cancelled
    status          text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'sent', 'failed', 'dropped')),
    requested_at    timestamptz NOT NULL DEFAULT now(),
    requested_by    text NOT NULL DEFAULT 'system:emails',
    cancelled_at    timestamptz,                            -- when notifications was asked not to send it after all
    finished_at     timestamptz,
    retries         integer NOT NULL DEFAULT 0 CHECK (retries >= 0),
    error           text,
    CHECK ((status = 'requested') = (finished_at IS NULL))
);
CREATE INDEX alert_emails_requested ON alert_emails (requested_at) WHERE status = 'requested';

-- Whom an alert tells. email_id: the mail that does; NULL until it is decided whether that is one of its own or a digest.
-- number: 1 for the mail that the alert itself causes, more for each by hand.
CREATE TABLE alert_email_items (
    alert_id        uuid NOT NULL REFERENCES alerts,
    recipient       text NOT NULL,
    number          integer NOT NULL DEFAULT 1 CHECK (number >= 1),
    organization_id uuid NOT NULL,
    email_id        uuid REFERENCES alert_emails,
    PRIMARY KEY (alert_id, recipient, number)               -- an alert tells a recipient once by itself
);
CREATE INDEX alert_email_items_of_email ON alert_email_items (email_id);
CREATE INDEX alert_email_items_waiting ON alert_email_items (organization_id, recipient) WHERE email_id IS NULL;

DROP INDEX alerts_email_pending;                            -- alerts_unresolved has taken its place

INSERT INTO alert_emails (id, organization_id, recipient, kind, subject_key, status, requested_at, finished_at, retries, error)
SELECT alerts.id, alerts.organization_id, shipments.recipients[1], 'alert', 'alerts.alert:' || alerts.id,
       CASE WHEN email_sent THEN 'sent' WHEN email_error IS NOT NULL THEN 'failed' ELSE 'requested' END, email_requested_at,
       CASE WHEN email_sent THEN email_sent_at WHEN email_error IS NOT NULL THEN email_requested_at END, email_retry_count,
       email_error
  FROM alerts JOIN shipments ON shipments.id = shipment_id WHERE email_requested_at IS NOT NULL AND recipients <> '{}';
INSERT INTO alert_email_items (alert_id, recipient, organization_id, email_id)
SELECT id, recipient, organization_id, id FROM alert_emails;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
