"""The few paused subscriptions that are to end, so that each run of billing finds those whose end has come."""

from shared.runtime import migrations

revision = "0028"
down_revision = "0027"

_TO_END = r"""
CREATE INDEX subscriptions_paused_to_end ON subscriptions (id)
 WHERE status = 'paused' AND (ends_at_period_end OR ends_on IS NOT NULL);
"""


def upgrade() -> None:
    migrations.script(_TO_END)
