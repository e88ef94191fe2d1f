"""Writing what the services tell into the events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.analytics.business_events.translating import Told, translate
from services.analytics.events.days import day_of
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.events.event_models import Limits, NewEvent
from services.analytics.events.recording import EventRecording
from shared.contracts.message import Message
from shared.runtime.inbox.delivery import Received

M = TypeVar("M", bound=Message)


class BusinessEvents:
    """Writes in one unit of work, the one in which the inbox marks the messages as done."""

    def __init__(self, recording: EventRecording, days: EventDaysRepository, limits: Limits) -> None:
        self._recording = recording
        self._days = days
        self._limits = limits

    async def record(self, received: Sequence[Received[M]]) -> None:
        """Count what these messages tell. Told twice, it counts once."""
        now = max(one.occurred_at for one in received)
        told = [
            self._plausible(event, one.occurred_at)
            for one in received
            for event in translate(one.message, one.id, one.occurred_at)
        ]
        await self._recording.admitted(told, now, self._make_days, accept_late=True)

    def _plausible(self, told: Told, sent_at: datetime) -> Told:
        """What a service says of a time that cannot be true, such as a gateway's, counts when it was told."""
        whose, event = told
        if sent_at - self._limits.kept < event.occurred_at <= sent_at + self._limits.ahead:
            return told
        return whose, replace(event, occurred_at=sent_at)

    async def _make_days(self, events: Sequence[NewEvent]) -> None:
        for day in sorted({day_of(event.occurred_at) for event in events}):
            await self._days.make(day, day)
