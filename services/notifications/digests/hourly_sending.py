"""Making a person's hourly digest: what a worker does with `notifications.send_hourly_digest`.

Everything is done in the transaction that records the outcome: the window ends, one mail is published, and what it tells of is
marked. Whatever is killed before that leaves the window open and comes again; what comes after it finds no window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.notifications.deliveries.repository import storable
from services.notifications.digests.content import hourly_context
from services.notifications.digests.readers import Around, around
from services.notifications.digests.repository import CATEGORY, DigestRepository, Due, Entry
from services.notifications.digests.window_repository import Window, WindowReader, WindowRepository
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.preferences.models import Cadence
from services.notifications.preferences.quiet_hours import local_date
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import SendHourlyDigest, SendTemplatedEmail
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome, Skipped

TEMPLATE: Final = "hourly_digest"
_Received = Received[SendHourlyDigest]


@dataclass(frozen=True, slots=True)
class Closing:
    """One window that is to end. reader: None where nobody is known by the reference who could be written to."""

    received: _Received
    reference: str
    reader: Person | None


@dataclass(frozen=True, slots=True)
class _Ended:
    """A window that has ended, and who is told of what was collected in it."""

    received: _Received
    reader: Person
    window: Window


class HourlySending:
    """The effect of `notifications.send_hourly_digest`."""

    def __init__(self, frontend_url: str, clock: Clock) -> None:
        self.concurrency = 50
        self._frontend_url = frontend_url
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[_Received]) -> Sequence[Closing | Outcome]:
        """Whose windows are open."""
        references = sorted({storable(one.message.to_person) for one in received})
        people = await PersonReader(session).find_many(references)
        windows = await WindowReader(session).open_ones(references)
        return [_work(one, people, windows) for one in received]

    async def call(self, work: Closing) -> Outcome:
        """Nobody outside is asked anything."""
        return Done() if work.reader is not None else Skipped("nobody is known by the reference who could be written to")

    async def record(self, session: Session, results: Sequence[tuple[_Received, Closing | None, Outcome]]) -> None:
        """End the windows, publish the mails, and mark what they tell of."""
        works = [work for _, work, outcome in results if work is not None and isinstance(outcome, Done | Skipped)]
        ended = await _ended(session, works)
        if not ended:
            return
        digests, now = DigestRepository(session), self._clock()
        entries = await digests.take(Due(sorted(one.reader.reference for one in ended), Cadence.HOURLY), now)
        places = await around(session, {one.reader.organization_id for one in ended}, self._frontend_url)
        told: dict[UUID, date] = {}
        for one in ended:
            own, place = entries.get(one.reader.reference, []), places[one.reader.organization_id]
            if own:
                publish(session, _mail(one, own, place), lane=NOTIFICATIONS_BULK, message_id=uuid5(one.received.id, "email"))
                told |= {entry.delivery_id: local_date(now, place.zone_of(one.reader)) for entry in own}
        if told:
            await digests.digested(told)

    async def close(self) -> None:
        """Nothing is held open."""


def _work(one: _Received, people: Mapping[str, Person], windows: Mapping[str, Window]) -> Closing | Outcome:
    reference = storable(one.message.to_person)
    window, person = windows.get(reference), people.get(reference)
    if window is None or one.message.window_id not in (None, window.id):
        return Skipped("the window was closed before")
    return Closing(one, reference, person if person is not None and person.email is not None else None)


async def _ended(session: Session, works: Sequence[Closing]) -> Sequence[_Ended]:
    """End these windows; returns those of people who can be written to, each once."""
    if not works:
        return []
    asked = [(work.reference, work.received.message.window_id) for work in works]
    windows = dict(await WindowRepository(session).close(asked))
    ended: list[_Ended] = []
    for work in works:
        window = windows.get(work.reference)
        if window is not None and work.received.message.window_id in (None, window.id):
            del windows[work.reference]
            if work.reader is not None:
                ended.append(_Ended(work.received, work.reader, window))
    return ended


def _mail(one: _Ended, entries: Sequence[Entry], place: Around) -> SendTemplatedEmail:
    return SendTemplatedEmail(
        to_person=one.reader.reference,
        organization_id=one.reader.organization_id,
        template_name=TEMPLATE,
        category=CATEGORY,
        context=hourly_context(one.window.opened_at, entries, place.titles(one.reader), place.frontend_url),
        dedupe_key=f"hourly_digest:{one.window.id}",
    )
