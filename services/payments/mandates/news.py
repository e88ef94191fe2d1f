"""What becomes of notices: delivered, their debits are made; failed, they count as tries that were not made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from services.payments.dunning.models import Failure
from services.payments.mandates.models import Asked, Heard, Notice
from services.payments.mandates.noticing import Noticing
from services.payments.mandates.repository import NoticeRepository

AT_ONCE: Final = 500
UNDELIVERED: Final = "the gateway could not deliver it"
NOT_TOLD: Final = "your bank could not be told of the charge beforehand, as it has to be"


class Failing(Protocol):
    """Decides what follows from tries that came to nothing."""

    async def failed(self, failures: Sequence[Failure], at: datetime) -> None:
        """Count failures, the newest of each period."""
        ...


class NoticeNews:
    """Works in one unit of work: payments are held before their notices. What is told again changes nothing."""

    def __init__(self, notices: NoticeRepository, noticing: Noticing, failing: Failing) -> None:
        self._notices = notices
        self._noticing = noticing
        self._failing = failing

    async def heard(self, heard: Sequence[Heard], at: datetime) -> None:
        """What gateways tell of their own accord, perhaps before we know of the orders."""
        await self._notices.hear(heard, at)
        await self.apply_reports(at)

    async def prune(self, before: datetime) -> None:
        """Forget what gateways told before this."""
        await self._notices.prune(before)

    async def apply_reports(self, at: datetime) -> None:
        """See to notices of which a gateway has told."""
        reported = await self._notices.reported(AT_ONCE)
        news = [
            Asked(one.id, "delivered", None) if delivered else Asked(one.id, "failed", None, UNDELIVERED)
            for one, delivered in reported
        ]
        await self.note([one for one, _ in reported], news, at)

    async def note(self, known: Sequence[Notice], news: Sequence[Asked], at: datetime) -> None:
        """Note what became of these notices, and see to what waits for it."""
        debits = await self._notices.debits({one.key for one in known}) if known else {}
        changed = await self._notices.record(news, at)
        status = {one.id: one for one in news if one.id in changed}
        # A newer one has taken the place of what is not the newest any more.
        newest = await self._notices.newest({one.key for one in known}) if status else {}
        counting = [newest[one.key] for one in known if one.id in status and newest[one.key].id == one.id]
        waited_for = [one for one in counting if one.then_charge]
        delivered = [one for one in waited_for if one.status == "delivered" and one.key in debits]
        await self._noticing.charge_on([(debits[one.key], one) for one in delivered if one.is_of(debits[one.key])], at)
        failed = [one for one in waited_for if one.status == "failed"]
        await self._failing.failed([_failure(one, at) for one in failed], at)

    async def give_up(self, late: Sequence[Notice], at: datetime) -> None:
        """Nobody has confirmed these in time."""
        await self.note(late, [Asked(one.id, "failed", None, "nobody has confirmed it in time") for one in late], at)


def _failure(notice: Notice, at: datetime) -> Failure:
    return Failure(notice.subscription_id, notice.start_on, None, notice.number, "later", NOT_TOLD, at)
