"""What follows from reports on deliveries, whether providers have told them or were asked for them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.callbacks.repository import Reported
from services.notifications.callbacks.resending import Resending, Undelivered
from services.notifications.deliveries.late_reports import LateReports
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.deliveries.report_repository import ReportRepository
from services.notifications.deliveries.taken_repository import TakenRepository
from services.notifications.providers.answers import Verdict
from services.notifications.suppressions.service import Learned, Suppressing
from shared.runtime.db import Session
from shared.runtime.inbox import store

Follow = Callable[[Session, Collection[str]], Awaitable[None]]
"""Looks at what follows for these subject keys, whose deliveries have had reports."""

_SETTLED: Final = frozenset({DeliveryStatus.SENT.value, DeliveryStatus.DROPPED.value})


@dataclass(frozen=True, slots=True)
class Telling:
    """A report and the delivery that it is about.

    verdict: what it says of the delivery's recipient; None where that is nothing. source: who says it, as the suppression list
    has it. account_of: whose own account has told it; None for one of the installation.
    """

    report: Report
    delivery: Reported
    verdict: Verdict | None
    source: str
    account_of: UUID | None


class ReportConsequences:
    """Brings deliveries, the suppression list and campaigns to what was reported, in the session's unit of work.

    follow: what is told of the subjects whose deliveries have had reports.
    """

    def __init__(self, session: Session, suppressing: Suppressing, follow: Follow | None = None) -> None:
        self._session = session
        self._suppressing = suppressing
        self._follow = follow
        self._resending = Resending(session)

    async def tell(self, told: Sequence[Telling]) -> None:
        """Draw the conclusions. The same again changes nothing."""
        await ReportRepository(self._session).apply([one.report for one in told])
        await self._suppressing.learn([_learned(one, one.verdict) for one in told if one.verdict is not None])
        arrived = {one.delivery.address_hash for one in told if one.report.receipt is Receipt.DELIVERED}
        await self._suppressing.arrived(sorted(one for one in arrived if one is not None))
        await self._resending.follow([Undelivered(one.report, one.delivery, one.verdict) for one in told])
        # Whether it waits for a retry or was given up was read before the lock, and its last try may have ended meanwhile.
        undecided = {one.delivery.id for one in told if one.delivery.status not in _SETTLED}
        await self._hurry(undecided)
        await LateReports(self._session).revive(undecided)
        subjects = {one.delivery.subject_key for one in told if one.delivery.subject_key is not None}
        if self._follow is not None and subjects:
            await self._follow(self._session, sorted(subjects))

    async def _hurry(self, waiting: Collection[UUID]) -> None:
        """What a provider turns out to have need not wait for its retry: its message settles it and sends nothing."""
        taken = await TakenRepository(self._session).taken(sorted(waiting)) if waiting else {}
        if taken:
            await store.hurry(self._session, sorted(taken))


def _learned(one: Telling, verdict: Verdict) -> Learned:
    delivery = one.delivery
    return Learned(
        channel=delivery.channel,
        address=delivery.address,
        organization_id=delivery.organization_id,
        category=delivery.category,
        verdict=verdict,
        provider=one.source,
        delivery_id=delivery.id,
        at=one.report.occurred_at,
        address_hash=delivery.address_hash,
        account_of=one.account_of,
    )
