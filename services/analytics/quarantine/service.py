"""Trying events again that were put aside."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics.events.days import day_of
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.events.event_models import NewEvent, Refusal
from services.analytics.events.reading import read_event
from services.analytics.events.recording import EventRecording, Outcome
from services.analytics.quarantine.errors import QuarantinedEventNotFound, StillRefused
from services.analytics.quarantine.models import QuarantinedEvent
from services.analytics.quarantine.repository import QuarantineRepository
from services.analytics.quarantine.schemas import RedriveMany, Redriven
from shared.runtime.clock import Clock

_UNREADABLE: Final = Refusal("invalid", "the payload is not JSON; redrive it with the event as it was meant", "")


class Quarantine:
    """Writes in one unit of work. organization_id: whose the caller may decide on; None may on all."""

    def __init__(
        self, held: QuarantineRepository, recording: EventRecording, days: EventDaysRepository, clock: Clock, *, by: str
    ) -> None:
        self._held = held
        self._recording = recording
        self._days = days
        self._clock = clock
        self._by = by

    async def redrive(
        self, key: UUID, organization_id: UUID | None, event: dict[str, Any] | None, *, accept_late: bool
    ) -> QuarantinedEvent:
        """Try one again. Raises QuarantinedEventNotFound and StillRefused."""
        row = await self._one(key, organization_id)
        read = read_event(event) if event is not None else _read(row)
        (outcome,) = await self._again([(row, read)], accept_late=accept_late)
        if isinstance(outcome, Refusal):
            raise StillRefused(outcome.detail, reason=outcome.reason)
        return await self._one_again(key)

    async def redrive_many(self, asked: RedriveMany, organization_id: UUID | None) -> Redriven:
        """Try many again; those that are refused again are held on, with the reason of now."""
        rows = await self._meant(asked, organization_id)
        outcomes = await self._again([(row, _read(row)) for row in rows], accept_late=asked.accept_late)
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, Refusal) and (outcome.reason, outcome.detail) != (row.reason, row.detail):
                await self._held.say_anew(row.id, outcome)
        accepted, duplicates = outcomes.count("accepted"), outcomes.count("duplicate")
        return Redriven(accepted=accepted, duplicates=duplicates, refused=len(outcomes) - accepted - duplicates)

    async def discard(self, key: UUID, organization_id: UUID | None, note: str) -> QuarantinedEvent:
        """Give one up. Raises QuarantinedEventNotFound."""
        row = await self._one(key, organization_id)
        await self._held.decide([row.id], "discarded", by=self._by, at=self._clock(), note=note)
        return await self._one_again(key)

    async def _again(self, read: Sequence[tuple[QuarantinedEvent, NewEvent | Refusal]], *, accept_late: bool) -> list[Outcome]:
        if not read:
            return []
        now = self._clock()
        reports = [(row.organization_id, event) for row, event in read]
        outcomes = await self._recording.admitted(reports, now, self._days_of, accept_late=accept_late)
        gone = [row.id for (row, _), outcome in zip(read, outcomes, strict=True) if not isinstance(outcome, Refusal)]
        await self._held.decide(gone, "redriven", by=self._by, at=now, note=None)
        return outcomes

    async def _days_of(self, events: Sequence[NewEvent]) -> None:
        for day in sorted({day_of(event.occurred_at) for event in events}):
            await self._days.make(day, day)

    async def _meant(self, asked: RedriveMany, organization_id: UUID | None) -> Sequence[QuarantinedEvent]:
        ids = list(asked.ids)
        if not ids:
            found = await self._held.held(
                organization_id, reason=asked.reason, name=asked.event_name, after=None, limit=asked.limit
            )
            ids = [row.id for row in found]
        return await self._held.lock(ids, organization_id)

    async def _one(self, key: UUID, organization_id: UUID | None) -> QuarantinedEvent:
        rows = await self._held.lock([key], organization_id)
        if not rows:
            raise QuarantinedEventNotFound("no event with this id waits; GET /v1/quarantined-events lists those that do")
        return rows[0]

    async def _one_again(self, key: UUID) -> QuarantinedEvent:
        row = await self._held.find(key, None)
        assert row is not None, "it was held above"
        return row


def _read(row: QuarantinedEvent) -> NewEvent | Refusal:
    try:
        value = orjson.loads(row.payload)
    except orjson.JSONDecodeError:
        return _UNREADABLE
    return read_event(value, row.payload)
