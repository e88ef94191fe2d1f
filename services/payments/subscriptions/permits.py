"""What of subscriptions may be charged."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.payments.payments.models import Payment
from services.payments.subscriptions.models import OWED
from services.payments.subscriptions.repository import SubscriptionReader
from shared.runtime.outcomes import Outcome, Skipped


class PeriodPermits:
    """A `ChargePermits`: a period that is paid or given up is not charged any more, whoever has asked for it before."""

    def __init__(self, subscriptions: SubscriptionReader) -> None:
        self._subscriptions = subscriptions

    async def refusals(self, payments: Collection[Payment]) -> Mapping[UUID, Outcome]:
        """By one statement for all. A payment for a period that was never billed here is somebody else's to answer for."""
        keys = {
            one.id: (one.subscription_id, one.period_start)
            for one in payments
            if one.subscription_id is not None and one.period_start is not None
        }
        statuses = await self._subscriptions.period_statuses(set(keys.values())) if keys else {}
        found = {key: statuses[period] for key, period in keys.items() if period in statuses}
        return {key: Skipped(f"the period is {status}") for key, status in found.items() if status not in OWED}
