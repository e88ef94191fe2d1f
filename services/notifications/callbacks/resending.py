"""SMS that a provider has taken and could not deliver for now: sent again, as a further attempt of the same delivery.

A handset that is off is tried twice more over hours, an error that nobody can name once more. A provider hands an SMS to the
network a single time, where a mail server tries for days; so e-mails are not sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.callbacks.repository import Reported
from services.notifications.callbacks.resending_repository import ResendingRepository, Waiting
from services.notifications.deliveries.decision import SOFT_WAITS_S
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.providers.answers import Verdict
from shared.runtime.db import Session
from shared.runtime.inbox import store

WAITS_S: Final[Mapping[Verdict, Sequence[float]]] = {Verdict.SOFT_RECIPIENT: SOFT_WAITS_S, Verdict.TRANSIENT: (600.0,)}
"""How long until each further attempt, by what a report says of the one before (reference of Twilio: 30003 and 30008)."""
UNDELIVERED: Final = "undelivered"

_SETTLED: Final = frozenset(Receipt) - {Receipt.PROCESSED, Receipt.DEFERRED}
# What was given up is among them: a report settles it as well, where its call got no answer (deliveries/late_reports.py).
_UNSETTLED: Final = frozenset({DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value, DeliveryStatus.FAILED.value})


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A report, the delivery that it is about, and what it says of why that has not arrived."""

    report: Report
    delivery: Reported
    verdict: Verdict | None


class Resending:
    """Sends again, or sees to it that nothing is, in the session's unit of work and under the locks of the deliveries."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._repository = ResendingRepository(session)

    async def follow(self, told: Sequence[Undelivered]) -> None:
        """What follows from reports that have been applied. The same again changes nothing."""
        told = [one for one in told if one.delivery.channel == "sms"]
        again = await self._again([one for one in told if _may_come_again(one)]) if told else set()
        ended = {one.delivery.id for one in told if one.report.receipt in _SETTLED} - again
        # A report that comes late or again may be about an attempt that another one has followed.
        settled = await self._repository.settled(sorted(ended)) if ended else []
        if settled:
            await store.forget(self._session, settled)

    async def _again(self, told: Sequence[Undelivered]) -> set[UUID]:
        by_id = {one.delivery.id: one for one in told}
        if not by_id:
            return set()
        message_ids = {key: one.report.provider_message_id for key, one in by_id.items()}
        afters: dict[UUID, float] = {}
        for key, attempts in (await self._repository.attempts(message_ids)).items():
            waits = _waits(by_id[key])
            if attempts <= len(waits):
                afters[key] = waits[attempts - 1]
        reopened = await store.reopen(self._session, afters) if afters else set()
        waiting = [Waiting(key, _words(by_id[key].report), afters[key]) for key in sorted(reopened)]
        if waiting:
            await self._repository.wait(waiting, UNDELIVERED)
        return reopened


def is_ahead(receipt: Receipt | None, delivery: Reported) -> bool:
    """Whether such a report came before our record of the attempt that it is about: then nothing follows from it yet."""
    return delivery.channel == "sms" and receipt in _SETTLED and delivery.status in _UNSETTLED


def _may_come_again(one: Undelivered) -> bool:
    return (
        one.report.receipt is Receipt.BOUNCED_SOFT
        and one.report.provider_message_id is not None
        and one.delivery.status == DeliveryStatus.SENT.value
        and bool(_waits(one))
    )


def _waits(one: Undelivered) -> Sequence[float]:
    return WAITS_S.get(one.verdict, ()) if one.verdict is not None else ()


def _words(report: Report) -> str:
    code = f" ({report.code})" if report.code is not None else ""
    return f"{report.provider} could not deliver it{code}"
