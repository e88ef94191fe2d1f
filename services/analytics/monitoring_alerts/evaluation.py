"""Evaluating the rules: one look at everything, outside of any transaction, and then what follows from it in one."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from services.analytics.monitoring_alerts.looks import all_looks
from services.analytics.monitoring_alerts.models import MonitoringAlert
from services.analytics.monitoring_alerts.raising import Raising
from services.analytics.monitoring_alerts.repository import MonitoringAlertRepository
from services.analytics.monitoring_alerts.rules import BY_NAME, RULES
from services.analytics.monitoring_alerts.seen import Seen
from shared.contracts.analytics import EvaluateMonitoringAlerts
from shared.runtime.db import Session
from shared.runtime.ids import NAMESPACE
from shared.runtime.outbox import Publisher

SOON: Final = timedelta(minutes=1)
SOONEST: Final = timedelta(seconds=10)

Writing = Callable[[], AbstractAsyncContextManager[Session]]


class Evaluation:
    """Holds what is seen against the rules. raising: changes alerts, in a session's unit of work, as of a moment."""

    def __init__(
        self, look: Callable[[], Awaitable[Seen]], write: Writing, raising: Callable[[Session, datetime], Awaitable[Raising]]
    ) -> None:
        self._look = look
        self._write = write
        self._raising = raising

    async def evaluate(self) -> None:
        """Look, change alerts, tell. While anything is open the next evaluation comes within a minute."""
        seen = await self._look()
        async with self._write() as session:
            if not await MonitoringAlertRepository(session).begin(seen.at, seen.missed):
                return
            raising = await self._raising(session, seen.at)
            opened = await raising.apply(all_looks(seen, RULES))
            if opened:
                _again(Publisher(session), next_look(opened, seen.at))


def next_look(opened: Sequence[MonitoringAlert], at: datetime) -> datetime:
    """When to look again: when the first of what is pending could fire, and within a minute in any case."""
    due = [one.since + timedelta(seconds=BY_NAME[one.rule].for_s) for one in opened if one.state == "pending"]
    return max(at + SOONEST, min([at + SOON, *due]))


def _again(publisher: Publisher, due_at: datetime) -> None:
    # Evaluations that ask for the same ten seconds ask for one message: by whichever way they came, there is one chain.
    slot = datetime.fromtimestamp(due_at.timestamp() // SOONEST.seconds * SOONEST.seconds, due_at.tzinfo)
    message_id = uuid5(NAMESPACE, f"evaluate_monitoring_alerts:{slot.isoformat()}")
    publisher.publish(EvaluateMonitoringAlerts(slot=due_at), due_at=due_at, message_id=message_id)
