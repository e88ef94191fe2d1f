"""Which files hold what was dropped."""

from shared.runtime import migrations

revision = "0013"
down_revision = "0012"

_ARCHIVES = r"""
CREATE TABLE archives (
    file        text PRIMARY KEY,                         -- in the service's folder of ARCHIVE_DIR
    source      text NOT NULL,                            -- the table that it has all rows of
    row_count   bigint NOT NULL CHECK (row_count >= 0),
    size_bytes  bigint NOT NULL CHECK (size_bytes > 0),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    key_sum     bigint NOT NULL,                          -- of table and file alike
    archived_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    migrations.script(_ARCHIVES)
