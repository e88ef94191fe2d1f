"""A run over HTTP is in the ledger from the moment it is asked for, so that its address always leads somewhere."""

from shared.runtime import migrations

revision = "0003"
down_revision = "0002"

_CHANGE = """
ALTER TABLE evaluation_runs
    ADD COLUMN requested_at timestamptz NOT NULL DEFAULT now(),
    ALTER COLUMN started_at DROP NOT NULL,
    ALTER COLUMN started_at DROP DEFAULT;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
