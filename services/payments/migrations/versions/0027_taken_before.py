"""What periods have taken of earlier changes that were billed before 0023, as far as that is certain."""

from shared.runtime import migrations

revision = "0027"
down_revision = "0026"

# Certain is what one period alone can have taken: the only one that was billed since the change. What is over was settled as
# well, and what is paid and not delivered gives nothing back.
TAKEN: str = r"""
UPDATE subscription_periods AS period SET taken = known.taken
  FROM (SELECT billed.subscription_id, billed.start_on,
               jsonb_object_agg(adjustment.id, adjustment.amount_minor - adjustment.open_minor) AS taken
          FROM subscription_periods AS billed
          JOIN subscriptions ON subscriptions.id = billed.subscription_id AND subscriptions.status NOT IN ('cancelled', 'ended')
          JOIN subscription_adjustments AS adjustment ON adjustment.subscription_id = billed.subscription_id
               AND adjustment.created_at < billed.billed_at AND adjustment.amount_minor <> adjustment.open_minor
         WHERE billed.taken = '{}'
           AND (billed.status IN ('open', 'past_due', 'unpaid') OR (billed.status = 'paid' AND billed.order_id IS NOT NULL))
           AND NOT EXISTS (SELECT FROM subscription_periods AS other
                            WHERE other.subscription_id = billed.subscription_id AND other.start_on <> billed.start_on
                              AND other.status <> 'skipped' AND other.billed_at >= adjustment.created_at)
         GROUP BY billed.subscription_id, billed.start_on) AS known
 WHERE (period.subscription_id, period.start_on) = (known.subscription_id, known.start_on);
"""


def upgrade() -> None:
    migrations.script(TAKEN)
