"""Marks what cancellations have given up and dunning still asks for. What has come to its end at a period's end stays owed."""

from shared.runtime import migrations

revision = "0019"
down_revision = "0018"

_MARK = r"""
UPDATE subscription_periods AS period SET given_up_reason = 'the subscription was cancelled'
 WHERE period.status IN ('open', 'past_due', 'unpaid') AND period.given_up_reason IS NULL
   AND EXISTS (SELECT FROM subscription_changes AS change
                WHERE change.subscription_id = period.subscription_id
                  AND change.to_status = 'cancelled' AND change.from_status <> 'cancelled'
                  AND coalesce(change.reason <> 'its end has come', true));
"""


def upgrade() -> None:
    migrations.script(_MARK)
