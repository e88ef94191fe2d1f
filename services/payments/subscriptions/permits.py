"""What of subscriptions may be charged."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.mandates.repository import NoticeReader
from services.payments.payments.models import Payment
from services.payments.subscriptions.models import OWED
from services.payments.subscriptions.repository import SubscriptionReader
from shared.runtime.outcomes import Outcome, Retry, Skipped

_BUSY: Final = Retry("another debit of the same mandate is on its way", after_s=3600.0, counts=False)
_UNNOTICED: Final = Skipped("the holder of the mandate has had no notice of this debit; it is charged when there is one")


class PeriodPermits:
    """A `ChargePermits`: a period that is paid or given up is not charged any more, whoever has asked for it before, and no
    mandate without the notice that RBI demands."""

    def __init__(self, subscriptions: SubscriptionReader, notices: NoticeReader) -> None:
        self._subscriptions = subscriptions
        self._notices = notices

    async def refusals(self, payments: Collection[Payment], at: datetime) -> Mapping[UUID, Outcome]:
        """By as many statements for all as for one. A payment for a period that was never billed here is not a period's."""
        keys = {
            one.id: (one.subscription_id, one.period_start)
            for one in payments
            if one.subscription_id is not None and one.period_start is not None
        }
        if not keys:
            return {}
        statuses = await self._subscriptions.period_statuses(set(keys.values()))
        barred = await self._notices.barred(keys, at)
        refused: dict[UUID, Outcome] = {key: _BUSY if why == "busy" else _UNNOTICED for key, why in barred.items()}
        found = {key: statuses[period] for key, period in keys.items() if period in statuses}
        return refused | {key: Skipped(f"the period is {status}") for key, status in found.items() if status not in OWED}
