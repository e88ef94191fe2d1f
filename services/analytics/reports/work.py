"""Making the report that a message asks for."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, timedelta

from services.analytics.own_work import OwnWork
from services.analytics.reports.making import Making
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.service import Requesting
from shared.contracts.analytics import GenerateReport
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import Publisher
from shared.runtime.outcomes import Outcome

TASK = "task:generate-report"


class ReportWork(OwnWork[GenerateReport]):
    """The effect of `analytics.generate_report`."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], making: Making, clock: Clock) -> None:
        super().__init__(self._make)
        self._unit_of_work = unit_of_work
        self._making = making
        self._clock = clock

    async def claim(self, _: Session, received: Sequence[Received[GenerateReport]]) -> Sequence[GenerateReport | Outcome]:
        """What is left out follows from when the message was sent, so that another delivery means the same report."""
        return [_whole(one) for one in received]

    async def _make(self, asked: GenerateReport) -> None:
        assert asked.first is not None, "the claim has filled it in"
        assert asked.last is not None, "as above"
        async with self._unit_of_work() as session:
            requesting = Requesting(ReportRepository(session), Publisher(session), self._clock, by=TASK)
            report = await requesting.known(asked.organization_id, asked.first, asked.last, asked.as_of, asked.to_email)
        await self._making.make(report)


def _whole(received: Received[GenerateReport]) -> GenerateReport:
    message = received.message
    as_of = (message.as_of or received.occurred_at).astimezone(UTC)
    last = message.last or message.first or as_of.date() - timedelta(days=1)
    return message.model_copy(update={"as_of": as_of, "last": last, "first": message.first or last})
