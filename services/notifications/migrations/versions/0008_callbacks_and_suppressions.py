"""What providers have reported, and whom nobody may write to."""

from shared.runtime import migrations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    migrations.script("""
        -- A call-back that was verified. waiting: not applied, or its delivery is not known yet. unmatched: of a message that is
        -- none of ours. ignored: says nothing that we keep. What it said goes after 30 days. The id of one from which something
        -- was learned stays: whoever sent it again afterwards would undo what was learned since.
        CREATE TABLE provider_events (
            id          uuid PRIMARY KEY,
            provider    text NOT NULL CHECK (provider IN ('sendgrid', 'ses', 'twilio', 'msg91', 'bounce_mail')),
            event_id    text NOT NULL CHECK (char_length(event_id) BETWEEN 1 AND 200),
            received_at timestamptz NOT NULL,
            state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'applied', 'unmatched', 'ignored')),
            settled_at  timestamptz,
            account_id  uuid,                                 -- of the organization's own account that has told it; else NULL
            delivery_id uuid,                                 -- what it was about, where that is known
            teaches     text CHECK (teaches IN ('word', 'recipient')),   -- STOP or START; something about a recipient
            message_id  text,                                 -- the provider's, of one without a delivery
            address_hashes text[],                            -- whom one without a delivery names
            key_id      text,                                 -- of ENCRYPTION_KEYS; NULL where none was set
            payload     bytea NOT NULL,                       -- compressed, then encrypted (callbacks/payloads.py); or empty
            UNIQUE NULLS NOT DISTINCT (provider, account_id, event_id),
            CHECK ((state = 'waiting') = (settled_at IS NULL))
        );
        CREATE INDEX provider_events_waiting ON provider_events (received_at, id) WHERE state = 'waiting';
        CREATE INDEX provider_events_oldest ON provider_events (received_at) WHERE teaches IS NULL;
        CREATE INDEX provider_events_taught ON provider_events (received_at) WHERE teaches = 'recipient';
        CREATE INDEX provider_events_to_empty ON provider_events (received_at) WHERE teaches IS NOT NULL AND payload <> ''::bytea;
        CREATE INDEX provider_events_of_delivery ON provider_events (delivery_id) WHERE delivery_id IS NOT NULL;
        CREATE INDEX provider_events_of_nobody ON provider_events (received_at)
            WHERE state = 'unmatched' AND message_id IS NOT NULL;
        CREATE INDEX provider_events_of_address ON provider_events USING gin (address_hashes) WHERE address_hashes IS NOT NULL;

        -- Up to which moment a provider's own list of bounces has been read.
        CREATE TABLE bounce_list_marks (
            provider   text PRIMARY KEY,
            read_until timestamptz NOT NULL
        );

        -- When a provider was last asked for a delivery of which it had reported nothing.
        CREATE TABLE delivery_inquiries (
            delivery_id uuid PRIMARY KEY REFERENCES deliveries ON DELETE CASCADE,
            asked_at    timestamptz NOT NULL
        );

        -- Who is not written to. address: as people read it; NULL once its owner was erased, while the hash goes on to count.
        -- scope: global, one organization's messages, or those of one category. organization_id NULL in the latter two: those
        -- messages that are sent for no organization.
        CREATE TABLE suppressions (
            id              uuid PRIMARY KEY DEFAULT uuidv7(),
            channel         text NOT NULL CHECK (channel IN ('email', 'sms')),
            address         text CHECK (char_length(address) BETWEEN 1 AND 320),
            address_hash    text NOT NULL CHECK (address_hash ~ '^[0-9a-f]{32}$'),
            scope           text NOT NULL CHECK (scope IN ('global', 'organization', 'category')),
            organization_id uuid,
            category        text CHECK (category ~ '^[a-z][a-z0-9_]{0,49}$'),
            reason          text NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'opted_out', 'unsubscribed',
                                                            'soft_bounces', 'manual', 'imported', 'invalid_number',
                                                            'do_not_call')),
            source          text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 100),   -- who has told us
            note            text CHECK (char_length(note) <= 500),
            expires_at      timestamptz,
            created_by      text NOT NULL,
            created_at      timestamptz NOT NULL,
            CONSTRAINT suppressions_key
                UNIQUE NULLS NOT DISTINCT (address_hash, channel, reason, scope, organization_id, category),
            CHECK ((scope = 'category') = (category IS NOT NULL)),
            CHECK (scope <> 'global' OR organization_id IS NULL),
            -- What is true of an address is true for everybody, unless it is the word of one organization's own account.
            CHECK (reason NOT IN ('hard_bounce', 'opted_out', 'invalid_number', 'do_not_call')
                   OR scope IN ('global', 'organization')),
            CHECK (reason NOT IN ('hard_bounce', 'opted_out') OR expires_at IS NULL),
            CHECK (reason NOT IN ('invalid_number', 'do_not_call') OR channel = 'sms'),
            CHECK (reason <> 'soft_bounces' OR (scope = 'organization' AND expires_at IS NOT NULL))
        );
        CREATE INDEX suppressions_newest ON suppressions (created_at, id);
        CREATE INDEX suppressions_of_organization ON suppressions (organization_id, created_at, id)
            WHERE organization_id IS NOT NULL;
        CREATE INDEX suppressions_expiring ON suppressions (expires_at) WHERE expires_at IS NOT NULL;

        -- What a number has said last, STOP or START, to the installation's numbers or to those of one organization's account.
        CREATE TABLE opt_words (
            address_hash    text NOT NULL,
            organization_id uuid,
            said_at         timestamptz NOT NULL,
            is_stop         boolean NOT NULL,
            CONSTRAINT opt_words_key UNIQUE NULLS NOT DISTINCT (address_hash, organization_id)
        );

        -- What was taken off the list, by whom and why; without the address.
        CREATE TABLE suppression_removals (
            id              uuid PRIMARY KEY DEFAULT uuidv7(),
            suppression_id  uuid NOT NULL,
            channel         text NOT NULL,
            address_hash    text NOT NULL,
            scope           text NOT NULL,
            organization_id uuid,
            category        text,
            reason          text NOT NULL,
            added_by        text NOT NULL,
            added_at        timestamptz NOT NULL,
            removed_by      text NOT NULL,
            removed_at      timestamptz NOT NULL,
            why             text NOT NULL
        );
        CREATE INDEX suppression_removals_of_address ON suppression_removals (address_hash, removed_at);
        CREATE INDEX suppression_removals_oldest ON suppression_removals (removed_at);

        -- Deliveries that came back for now. One delivery counts once, however often it was tried. What follows may outlast the
        -- delivery.
        CREATE TABLE soft_bounces (
            delivery_id     uuid PRIMARY KEY,
            channel         text NOT NULL,
            address_hash    text NOT NULL,
            organization_id uuid,
            bounced_at      timestamptz NOT NULL
        );
        CREATE INDEX soft_bounces_of_address ON soft_bounces (address_hash, bounced_at);
        CREATE INDEX soft_bounces_oldest ON soft_bounces (bounced_at);
    """)
