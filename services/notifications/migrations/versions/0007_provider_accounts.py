"""Accounts at providers, and which of them an organization sends by."""

from shared.runtime import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    migrations.script("""
        -- An organization's own account. The credentials are encrypted (AES-256-GCM, bound to the row's id).
        CREATE TABLE provider_accounts (
            id              uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            name            text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,49}$'),
            kind            text NOT NULL CHECK (kind IN ('smtp', 'sendgrid', 'ses', 'twilio', 'msg91')),
            channel         text NOT NULL CHECK (channel IN ('email', 'sms')),
            config          jsonb NOT NULL CHECK (jsonb_typeof(config) = 'object'),   -- what is no secret
            secret          bytea NOT NULL,
            key_id          text NOT NULL,                                            -- of ENCRYPTION_KEYS
            per_s           double precision CHECK (per_s > 0),
            revision        integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
            updated_at      timestamptz NOT NULL,
            UNIQUE (organization_id, name)
        );

        -- By which accounts an organization's messages go out: names of its own, or of the defaults that the settings make.
        CREATE TABLE provider_routes (
            organization_id uuid NOT NULL,
            channel         text NOT NULL CHECK (channel IN ('email', 'sms')),
            accounts        text[] NOT NULL CHECK (cardinality(accounts) BETWEEN 1 AND 5),
            revision        integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
            updated_at      timestamptz NOT NULL,
            PRIMARY KEY (organization_id, channel)
        );
    """)
