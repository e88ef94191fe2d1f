"""Links by which anybody may see where one trip is, until it is over."""

from shared.runtime import migrations

revision = "0007"
down_revision = "0006"

# token_hash: SHA-256 of what the link ends in; the link itself is shown once.
_LINKS = r"""
CREATE TABLE share_links (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    trip_id         uuid NOT NULL REFERENCES trips,
    token_hash      bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    revoked_at      timestamptz
);
CREATE INDEX share_links_of_trip ON share_links (trip_id, id);
"""


def upgrade() -> None:
    migrations.script(_LINKS)
