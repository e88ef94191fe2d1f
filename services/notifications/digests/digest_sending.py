"""Making a person's daily digest: what a worker does with `notifications.send_daily_digest`.

The trips service is asked between two transactions. The second publishes the mail and marks what it tells of, so no entry is told
of twice or forgotten, and what comes meanwhile waits for the next morning. On a Monday the week's entries are told of as well.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.notifications.deliveries.repository import storable
from services.notifications.digests.content import digest_context
from services.notifications.digests.mornings import is_monday, until_next_morning
from services.notifications.digests.readers import Around, around
from services.notifications.digests.repository import CATEGORY, DigestReader, DigestRepository, Due, Entry
from services.notifications.digests.trip_summary import TripsAway, TripSummaries, TripSummary
from services.notifications.gates.repository import GateRepository
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.preferences.models import Cadence
from services.notifications.preferences.quiet_hours import quiet_until
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import SendDailyDigest, SendTemplatedEmail
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome, Retry, Skipped

TEMPLATE: Final = "daily_digest"
TRIPS_PEOPLE: Final = "trips."
_Received = Received[SendDailyDigest]


@dataclass(slots=True)
class Digest:
    """One digest on its way. asks: whether trips has anything to do with the person. trips: what it has said."""

    received: _Received
    person: Person
    asks: bool
    trips: TripSummary | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """A message and the person whom it tells; see gates/repository.py."""

    id: UUID
    organization_id: UUID | None
    to_person: str
    time_zone: str | None = None


class DigestSending:
    """The effect of `notifications.send_daily_digest`. summaries: None where the trips service is not known."""

    def __init__(self, summaries: TripSummaries | None, frontend_url: str, clock: Clock) -> None:
        self.concurrency = 10
        self._summaries = summaries
        self._frontend_url = frontend_url
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[_Received]) -> Sequence[Digest | Outcome]:
        """Who can be written to and has anything to be told of, and hears of it before the next morning."""
        references = sorted({storable(one.message.to_person) for one in received})
        people = await PersonReader(session).find_many(references)
        waiting = await DigestReader(session).waiting(_due(received))
        pausing = await self._pausing(session, received, people)
        return [
            Skipped("the reader's pause or quiet hours outlast the digest")
            if one.id in pausing
            else self._work(one, people.get(storable(one.message.to_person)), waiting)
            for one in received
        ]

    async def call(self, work: Digest) -> Outcome:
        """Ask for the day's trips. Where nobody answers at the last try, the digest goes without them."""
        if not work.asks or self._summaries is None:
            return Done()
        one = work.received
        try:
            work.trips = await self._summaries.of(work.person.reference, one.message.digest_on)
        except TripsAway as error:
            if one.attempt <= one.message.contract.retry.max_retries:
                return Retry(error.detail, after_s=error.retry_after_s, error_class=error.code)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[_Received, Digest | None, Outcome]]) -> None:
        """Publish the mails, and mark what they tell of."""
        works = [work for _, work, outcome in results if work is not None and isinstance(outcome, Done)]
        if not works:
            return
        digests = DigestRepository(session)
        places = await around(session, {work.person.organization_id for work in works}, self._frontend_url)
        entries = dict(await digests.take(_due([work.received for work in works]), self._clock()))
        told: dict[UUID, date] = {}
        for work in works:
            reference, day = work.person.reference, work.received.message.digest_on
            # Of two days' digests of one person in a batch, the first tells of what waits, and a Monday's of the week.
            own = [one for one in entries.get(reference, []) if one.cadence is not Cadence.WEEKLY or is_monday(day)]
            if self._publish(session, work, own, places[work.person.organization_id]):
                told |= {entry.delivery_id: day for entry in own}
                entries[reference] = [one for one in entries.get(reference, []) if one not in own]
        if told:
            await digests.digested(told)

    async def close(self) -> None:
        if self._summaries is not None:
            await self._summaries.close()

    async def _pausing(self, session: Session, received: Sequence[_Received], people: Mapping[str, Person]) -> Collection[UUID]:
        """Whose mail would be void when it may come: what it would have told of waits for a later morning."""
        readers = {
            one.id: _Reader(one.id, person.organization_id, person.reference)
            for one in received
            if (person := people.get(storable(one.message.to_person))) is not None
        }
        silences = await GateRepository(session).silences(list(readers.values())) if readers else {}
        now, days = self._clock(), {one.id: one.message.digest_on for one in received}
        return {
            key
            for key, one in silences.items()
            if (until := quiet_until(now, one.time_zone, one.quiet, one.paused_until)) is not None
            and until >= until_next_morning(days[key], one.time_zone)
        }

    def _work(self, one: _Received, person: Person | None, waiting: set[str]) -> Digest | Outcome:
        if person is None or person.email is None:
            return Skipped("nobody is known by the reference who could be written to")
        asks = self._summaries is not None and person.reference.startswith(TRIPS_PEOPLE)
        if not asks and person.reference not in waiting:
            return Skipped("there is nothing to say")
        return Digest(one, person, asks)

    def _publish(self, session: Session, work: Digest, entries: Sequence[Entry], place: Around) -> bool:
        person, day = work.person, work.received.message.digest_on
        context = digest_context(day, entries, work.trips, place.titles(person), place.frontend_url)
        if context is None:
            return False
        mail = SendTemplatedEmail(
            to_person=person.reference,
            organization_id=person.organization_id,
            template_name=TEMPLATE,
            category=CATEGORY,
            context=context,
            dedupe_key=f"daily_digest:{day}:{person.reference}"[:200],
            # Then the next one comes. What no account takes for a day is given up anyway.
            valid_until=until_next_morning(day, place.zone_of(person)),
        )
        publish(session, mail, lane=NOTIFICATIONS_BULK, message_id=uuid5(work.received.id, "email"))
        return True


def _due(received: Sequence[_Received]) -> Due:
    """What these digests may tell of."""
    people = sorted({storable(one.message.to_person) for one in received})
    mondays = sorted({storable(one.message.to_person) for one in received if is_monday(one.message.digest_on)})
    return Due(people, Cadence.DAILY, mondays)
