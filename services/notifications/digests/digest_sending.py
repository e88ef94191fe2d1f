"""Making a person's daily digest: what a worker does with `notifications.send_daily_digest`.

The trips service is asked between two transactions. The second publishes the mail and marks what it tells of, so no entry is told
of twice or forgotten, and what comes meanwhile waits for the next morning.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from services.notifications.categories.models import Category
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.repository import storable
from services.notifications.digests.content import digest_context
from services.notifications.digests.repository import CATEGORY, DigestReader, DigestRepository, Entry
from services.notifications.digests.trip_summary import TripsAway, TripSummaries, TripSummary
from services.notifications.locales import primary
from services.notifications.notices.links import Frontends
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.policies.repository import PolicyReader
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
class _Around:
    """What is the same for all people of an organization."""

    categories: Sequence[Category]
    frontend_url: str


class DigestSending:
    """The effect of `notifications.send_daily_digest`. summaries: None where the trips service is not known."""

    def __init__(self, summaries: TripSummaries | None, frontend_url: str, clock: Clock) -> None:
        self.concurrency = 10
        self._summaries = summaries
        self._frontend_url = frontend_url
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[_Received]) -> Sequence[Digest | Outcome]:
        """Who can be written to and has anything to be told of."""
        references = sorted({storable(one.message.to_person) for one in received})
        people = await PersonReader(session).find_many(references)
        waiting = await DigestReader(session).waiting(references)
        return [self._work(one, people.get(storable(one.message.to_person)), waiting) for one in received]

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
        digests, around = DigestRepository(session), await self._around(session, {work.person.organization_id for work in works})
        entries = dict(await digests.take(sorted({work.person.reference for work in works}), self._clock()))
        told: dict[UUID, Any] = {}
        for work in works:
            # Of two days' digests of one person in a batch, the first tells of what waits.
            own = entries.pop(work.person.reference, [])
            if self._publish(session, work, own, around[work.person.organization_id]):
                told |= {entry.delivery_id: work.received.message.digest_on for entry in own}
        if told:
            await digests.digested(told)

    async def close(self) -> None:
        if self._summaries is not None:
            await self._summaries.close()

    def _work(self, one: _Received, person: Person | None, waiting: set[str]) -> Digest | Outcome:
        if person is None or person.email is None:
            return Skipped("nobody is known by the reference who could be written to")
        asks = self._summaries is not None and person.reference.startswith(TRIPS_PEOPLE)
        if not asks and person.reference not in waiting:
            return Skipped("there is nothing to say")
        return Digest(one, person, asks)

    async def _around(self, session: Session, organizations: Collection[UUID | None]) -> Mapping[UUID | None, _Around]:
        frontends = await Frontends(PolicyReader(session), self._frontend_url).of(organizations)
        reader = CategoryReader(session)
        return {one: _Around(await reader.seen_by(one), frontends[one].rstrip("/")) for one in sorted(organizations, key=str)}

    def _publish(self, session: Session, work: Digest, entries: Sequence[Entry], around: _Around) -> bool:
        person, day = work.person, work.received.message.digest_on
        in_hindi = primary(person.locale or "en") == "hi"
        titles = {one.name: (one.title_hi if in_hindi else None) or one.title for one in around.categories}
        context = digest_context(day, entries, work.trips, titles, around.frontend_url)
        if context is None:
            return False
        mail = SendTemplatedEmail(
            to_person=person.reference,
            organization_id=person.organization_id,
            template_name=TEMPLATE,
            category=CATEGORY,
            context=context,
            dedupe_key=f"daily_digest:{day}:{person.reference}"[:200],
        )
        publish(session, mail, lane=NOTIFICATIONS_BULK, message_id=uuid5(work.received.id, "email"))
        return True
