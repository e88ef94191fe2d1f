"""Organizations' own accounts at gateways."""

from shared.runtime import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    migrations.script("""
        -- The credentials are encrypted (AES-256-GCM, bound to the row's id). Payments name an account by
        -- `<organization_id>/<name>`, so a name never changes its gateway.
        CREATE TABLE gateway_accounts (
            id              uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            name            text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,49}$'),
            gateway         text NOT NULL CHECK (gateway IN ('razorpay', 'stripe')),
            currencies      text[] NOT NULL                                           -- for which it is chosen; none for all
                            CHECK (array_to_string(currencies, ',', '?') ~ '^([A-Z]{3}(,[A-Z]{3})*)?$'),
            rank            integer NOT NULL CHECK (rank BETWEEN 0 AND 1000),         -- the lowest is the first choice
            active          boolean NOT NULL,                                         -- takes new payments
            config          jsonb NOT NULL CHECK (jsonb_typeof(config) = 'object'),   -- what is no secret
            secret          bytea NOT NULL,
            key_id          text NOT NULL,                                            -- of ENCRYPTION_KEYS
            version         integer NOT NULL DEFAULT 1 CHECK (version >= 1),
            created_at      timestamptz NOT NULL,
            updated_at      timestamptz NOT NULL,
            UNIQUE (organization_id, name)
        );
    """)
