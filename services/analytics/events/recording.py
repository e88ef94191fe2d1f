"""Writing reported events: what cannot be taken is put aside with its reason, what is known already is left alone."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson

from services.analytics.event_names.catalogue_models import OWN_NAMES, is_reserved, near
from services.analytics.events.event_models import Limits, NewEvent, Reason, Refusal
from services.analytics.events.writing_repository import EventRepository, Reported
from services.analytics.quarantine.repository import QuarantineRepository

Report = tuple[UUID, NewEvent | Refusal]
"""Whose event it is, and the event, or what was wrong with it already."""
Outcome = Literal["accepted", "duplicate"] | Refusal
MakeDays = Callable[[Sequence[NewEvent]], Awaitable[None]]


class Admission:
    """Says of each event whether it is taken. names: those that were registered. late: overrides how late one may come."""

    def __init__(self, limits: Limits, names: Collection[str], now: datetime, *, accept_late: bool = False) -> None:
        self._names = names
        self._oldest = now - (limits.kept if accept_late else limits.late)
        self._newest = now + limits.ahead
        self._limits = limits

    def refuses(self, event: NewEvent) -> tuple[Reason, str] | None:
        """Why it is not taken, and how to mend it."""
        if event.source == "api" and (wrong := self._name(event.name)):
            return wrong
        if event.occurred_at > self._newest:
            minutes = int(self._limits.ahead.total_seconds() // 60)
            return "future", f"occurred_at lies more than {minutes} minutes ahead; set the clock of whoever sends it"
        if event.occurred_at < self._oldest:
            days = self._limits.late.days
            return "too_old", f"occurred_at is more than {days} days ago; a person may let it in: redrive it with accept_late"
        return None

    def _name(self, name: str) -> tuple[Reason, str] | None:
        if name in self._names or name in OWN_NAMES:
            return None
        if is_reserved(name):
            return "reserved_name", "names that begin with a service's are for its own events; begin it otherwise"
        close = near(name, [*self._names, *OWN_NAMES])
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        return "unknown_name", f"nobody has registered this name. {meant}PUT /v1/event-names/{{name}} makes it known"


class EventRecording:
    """Writes in one unit of work."""

    def __init__(self, events: EventRepository, quarantine: QuarantineRepository, limits: Limits) -> None:
        self._events = events
        self._quarantine = quarantine
        self._limits = limits

    async def record(self, reports: Sequence[Report], now: datetime) -> list[Outcome]:
        """What became of each, in their order, with what was refused put aside. Their days are there."""
        outcomes = await self.admitted(reports, now)
        refused = [(whose, one) for (whose, _), one in zip(reports, outcomes, strict=True) if isinstance(one, Refusal)]
        if refused:
            await self._quarantine.hold(refused, now)
        return outcomes

    async def admitted(
        self, reports: Sequence[Report], now: datetime, days: MakeDays | None = None, *, accept_late: bool = False
    ) -> list[Outcome]:
        """What became of each, in their order. days: makes the days of those that are taken, where they may be missing."""
        outcomes, kept = await self._sorted_out(reports, now, accept_late=accept_late)
        if kept:
            if days is not None:
                await days([one.event for one in kept.values()])
            numbers = sorted(kept)
            known = await self._events.write([kept[number] for number in numbers], now)
            for place, number in enumerate(numbers):
                if place not in known:
                    outcomes[number] = "accepted"
        return outcomes

    async def _sorted_out(
        self, reports: Sequence[Report], now: datetime, *, accept_late: bool
    ) -> tuple[list[Outcome], dict[int, Reported]]:
        admission = Admission(self._limits, await self._events.names(), now, accept_late=accept_late)
        outcomes: list[Outcome] = ["duplicate"] * len(reports)
        kept: dict[int, Reported] = {}
        seen: dict[tuple[UUID, UUID], int] = {}
        for number, (organization_id, event) in enumerate(reports):
            if isinstance(event, Refusal):
                outcomes[number] = event
            elif wrong := admission.refuses(event):
                outcomes[number] = Refusal(*wrong, payload_of(event), event.name)
            else:
                # The first one stands, or the one of the newest version.
                key = (organization_id, event.event_id)
                before = seen.get(key)
                if before is not None and kept[before].event.version >= event.version:
                    continue
                if before is not None:
                    del kept[before]
                seen[key] = number
                kept[number] = Reported(organization_id, event)
        return outcomes, kept


def payload_of(event: NewEvent) -> str:
    """The event in the form in which it is sent."""
    values = {
        "id": str(event.event_id),
        "name": event.name,
        "occurred_at": event.occurred_at.isoformat(),
        "user_id": event.user_id,
        "session_id": event.session_id,
        "value": event.value,
        "properties": orjson.loads(event.properties) if event.properties else None,
    }
    return orjson.dumps({name: value for name, value in values.items() if value is not None}).decode()
