"""Operators and how they come in: passwords, attempts, sessions, refresh tokens, signing keys; who made what."""

from shared.runtime import migrations

revision = "0012"
down_revision = "0011"

_OWNED = r"""
-- Here these are where it is decided, so they say more than the other services need.
ALTER TABLE organizations ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE organizations ADD COLUMN created_by text NOT NULL DEFAULT 'system:import';
ALTER TABLE api_keys ADD COLUMN name text NOT NULL DEFAULT '' CHECK (char_length(name) <= 200);
ALTER TABLE api_keys ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE api_keys ADD COLUMN created_by text NOT NULL DEFAULT 'system:import';
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
ALTER TABLE api_keys ADD COLUMN last_used_at_service text;
ALTER TABLE api_keys ADD FOREIGN KEY (organization_id) REFERENCES organizations;
"""

_OPERATORS = r"""
-- organization_id: whose rows alone the operator sees; NULL: everybody's. password_once: given out by somebody else, good for
-- nothing but choosing one's own until password_until.
CREATE TABLE operators (
    id              uuid PRIMARY KEY,
    organization_id uuid REFERENCES organizations,
    email           text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    role            text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password_hash   text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    password_once   boolean NOT NULL,
    password_until  timestamptz,
    disabled_at     timestamptz,
    last_login_at   timestamptz,
    version         bigint NOT NULL CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK (password_once = (password_until IS NOT NULL))
);
CREATE UNIQUE INDEX operators_email ON operators (lower(email));

-- Tries that have failed, or are under way, by account and by address. key: a hash, of accounts that there are and of others.
CREATE TABLE login_attempts (
    kind          text NOT NULL CHECK (kind IN ('account', 'address')),
    key           bytea NOT NULL,
    failures      integer NOT NULL CHECK (failures >= 0),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX login_attempts_last ON login_attempts (last_at);
"""

_SESSIONS = r"""
CREATE TABLE access_sessions (
    id            uuid PRIMARY KEY,
    operator_id   uuid NOT NULL REFERENCES operators,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,                -- however often it is used
    address       text NOT NULL,
    user_agent    text NOT NULL CHECK (char_length(user_agent) <= 300),
    ended_at      timestamptz,
    ended_because text CHECK (ended_because IN ('logout', 'revoked', 'reuse', 'password', 'operator', 'expired', 'abandoned')),
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX access_sessions_operator ON access_sessions (operator_id, id);
CREATE INDEX access_sessions_live ON access_sessions (last_used_at) WHERE ended_at IS NULL;
CREATE INDEX access_sessions_ended ON access_sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Each is good once. One that comes again was copied, and ends its session.
CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES access_sessions ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

-- sealed: the private half, under ENCRYPTION_KEYS. signs_from: before, it is only shown, so that services know it when it signs.
-- listed_until: when its last token has expired; NULL for the key that signs, and for the one that will.
CREATE TABLE signing_keys (
    id           uuid PRIMARY KEY,
    kid          text NOT NULL UNIQUE,
    public_jwk   jsonb NOT NULL,
    sealed       bytea NOT NULL,
    sealed_under text NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    signs_from   timestamptz NOT NULL,
    listed_until timestamptz
);
"""


def upgrade() -> None:
    for part in (_OWNED, _OPERATORS, _SESSIONS):
        migrations.script(part)
