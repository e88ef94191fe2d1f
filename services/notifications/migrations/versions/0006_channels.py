"""Deliveries over every channel, with their fate and what has kept them back."""

from shared.runtime import migrations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    migrations.script("""
        ALTER TABLE deliveries
            DROP CONSTRAINT deliveries_channel_check,
            ADD CONSTRAINT deliveries_channel_check CHECK (channel IN ('email', 'sms', 'in_app')),
            ALTER COLUMN message_id_header DROP NOT NULL,                    -- of e-mails alone
            ADD COLUMN category       text NOT NULL DEFAULT 'general',
            ADD COLUMN address_hash   text,                                  -- see addresses.py; outlives an erasure
            ADD COLUMN dedupe_key     text,
            ADD COLUMN notice_id      uuid,                                  -- the message that asked for several of them
            ADD COLUMN reason         text,                                  -- why it was dropped or waits: a stable code
            ADD COLUMN held_until     timestamptz,                           -- not before, where a gate holds it back
            ADD COLUMN waits_since    timestamptz,                           -- since when no account has taken it, of all it met
            ADD COLUMN provider       text,                                  -- the account that took it
            ADD COLUMN awaits_report  boolean NOT NULL DEFAULT false,        -- that account tells what becomes of messages
            ADD COLUMN segments       integer CHECK (segments >= 1),         -- of an SMS
            -- What the provider has reported since it took the message. A later report never takes it back; see
            -- deliveries/receipt_models.py.
            ADD COLUMN receipt        text CHECK (receipt IN ('processed', 'deferred', 'expired', 'bounced_soft', 'blocked',
                                                              'delivered', 'bounced_hard', 'complained')),
            ADD COLUMN receipt_at     timestamptz;
        CREATE INDEX deliveries_to_hash ON deliveries (address_hash, created_at) WHERE address_hash IS NOT NULL;
        -- Of a recipient that was never looked at, because the message ended before.
        CREATE INDEX deliveries_without_hash ON deliveries (lower(to_address))
            WHERE address_hash IS NULL AND to_address IS NOT NULL;
        CREATE INDEX deliveries_of_notice ON deliveries (notice_id) WHERE notice_id IS NOT NULL;
        -- Those of which it is still awaited how they ended.
        CREATE INDEX deliveries_without_receipt ON deliveries (finished_at, id)
            WHERE status = 'sent' AND awaits_report AND coalesce(receipt, 'processed') IN ('processed', 'deferred');

        ALTER TABLE delivery_attempts
            ADD COLUMN provider_message_id text;
        CREATE INDEX delivery_attempts_by_provider_id ON delivery_attempts (provider_message_id)
            WHERE provider_message_id IS NOT NULL;

        -- What happened to a delivery besides its attempts: reports of providers, and what a gate has decided.
        CREATE TABLE delivery_events (
            id          uuid PRIMARY KEY,                                    -- the same when the same report comes again
            delivery_id uuid NOT NULL REFERENCES deliveries ON DELETE CASCADE,
            kind        text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            provider    text,                                                -- the account that reports
            provider_message_id text,                                        -- as a call-back has it
            code        text,
            detail      text
        );
        CREATE INDEX delivery_events_of_delivery ON delivery_events (delivery_id, occurred_at, id);

        -- The first message under a key. Later ones to the same recipient over the same channel are dropped.
        CREATE TABLE dedupe_keys (
            organization_id uuid,
            channel         text NOT NULL,
            recipient       text NOT NULL,                                   -- a reference, or the hash of an address
            dedupe_key      text NOT NULL,
            delivery_id     uuid NOT NULL,
            created_at      timestamptz NOT NULL DEFAULT now(),
            UNIQUE NULLS NOT DISTINCT (dedupe_key, recipient, channel, organization_id)
        );
        CREATE INDEX dedupe_keys_oldest ON dedupe_keys (created_at);
    """)
