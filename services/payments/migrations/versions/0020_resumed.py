"""When a call was taken up again by somebody else than had begun it."""

from shared.runtime import migrations

revision = "0020"
down_revision = "0019"

_RESUMED = r"""
ALTER TABLE payment_attempts ADD COLUMN resumed_at timestamptz;  -- the newest time; NULL: whoever has begun it has ended it
"""


def upgrade() -> None:
    migrations.script(_RESUMED)
