"""Deliveries and their attempts."""

from shared.runtime import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    migrations.script("""
        -- One message to one recipient. The text itself is in the inbox until it is done with, and nowhere after.
        CREATE TABLE deliveries (
            id                uuid PRIMARY KEY,               -- the id of the message that asked for it
            organization_id   uuid,
            channel           text NOT NULL DEFAULT 'email' CHECK (channel IN ('email')),
            to_address        text NOT NULL,
            subject           text NOT NULL,
            requester         text,                           -- who is told how it ended
            subject_key       text,                           -- what it is about
            status            text NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
            message_id_header text NOT NULL UNIQUE,           -- the same on every attempt
            retries           integer NOT NULL DEFAULT 0 CHECK (retries >= 0),   -- tries that counted, beyond the first
            attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- the number of the newest attempt
            created_at        timestamptz NOT NULL,
            finished_at       timestamptz,
            error             text,
            CHECK ((status IN ('sent', 'failed', 'dropped')) = (finished_at IS NOT NULL))
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
        CREATE INDEX deliveries_newest ON deliveries (created_at, id);
        CREATE INDEX deliveries_of_organization ON deliveries (organization_id, created_at, id) WHERE organization_id IS NOT NULL;
        -- Nearly all are sent, and those are found by time.
        CREATE INDEX deliveries_not_sent ON deliveries (status, created_at, id) WHERE status <> 'sent';

        -- One call of a provider. Without an outcome: under way, or its process has vanished.
        CREATE TABLE delivery_attempts (
            delivery_id uuid NOT NULL REFERENCES deliveries ON DELETE CASCADE,
            number      integer NOT NULL CHECK (number >= 1),
            provider    text NOT NULL,
            started_at  timestamptz NOT NULL,
            finished_at timestamptz,
            outcome     text CHECK (outcome IN ('accepted', 'transient', 'throttled', 'unknown', 'bad_recipient', 'opted_out',
                                                'complained', 'soft_recipient', 'blocked', 'bad_content', 'config')),
            code        integer,                              -- SMTP reply or HTTP status
            enhanced_code text,                               -- RFC 3463
            detail      text,
            latency_ms  integer CHECK (latency_ms >= 0),
            PRIMARY KEY (delivery_id, number),
            CHECK ((outcome IS NULL) = (finished_at IS NULL))
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
    """)
