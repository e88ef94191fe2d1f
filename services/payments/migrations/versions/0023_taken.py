"""What a period has taken of earlier changes, so that it goes back where the period comes to nothing."""

from shared.runtime import migrations

revision = "0023"
down_revision = "0022"

_TAKEN = r"""
-- By adjustment, with its sign. Empty for periods that were billed before: nobody knows it of them.
ALTER TABLE subscription_periods ADD COLUMN taken jsonb NOT NULL DEFAULT '{}';
"""


def upgrade() -> None:
    migrations.script(_TAKEN)
