"""Periods that were given up while a gateway was at their payment, so that what it does not take is not asked for again."""

from shared.runtime import migrations

revision = "0018"
down_revision = "0017"

_GIVEN_UP = r"""
-- Why nothing more is asked for it. Money that is on its way still pays it; a decline makes it void.
ALTER TABLE subscription_periods ADD COLUMN given_up_reason text CHECK (char_length(given_up_reason) <= 300);

CREATE INDEX subscription_periods_given_up ON subscription_periods (subscription_id)
    WHERE given_up_reason IS NOT NULL AND status IN ('open', 'past_due', 'unpaid');

DROP TRIGGER subscription_periods_are_noted ON subscription_periods;
CREATE TRIGGER subscription_periods_are_noted AFTER INSERT OR UPDATE ON subscription_periods FOR EACH ROW
    EXECUTE FUNCTION note_state_change('period', 'subscription_id', 'start_on',
                                       '{status,total_minor,payment_id,order_id,given_up_reason}');
"""


def upgrade() -> None:
    migrations.script(_GIVEN_UP)
