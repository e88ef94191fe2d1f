"""Whether a message is at a payment's charge, and comes back to it by itself."""

from shared.runtime import migrations

revision = "0021"
down_revision = "0020"

_CHARGING = r"""
-- Set with each try, and taken back with what comes of it, unless the message that has made it makes another one.
ALTER TABLE payments ADD COLUMN is_charging boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    migrations.script(_CHARGING)
