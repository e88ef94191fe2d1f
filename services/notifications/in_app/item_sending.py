"""Putting messages into in-app inboxes: what a worker does with `notifications.send_in_app`.

The claim does it all in one transaction: item and delivery are there together or not at all, and a message that comes twice finds
its delivery sent. What is left to the call is the hint to those who follow the inbox, which must not be given before the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import JsonValue

from services.notifications.cancellations.repository import Asked, CancellationReader, Covering
from services.notifications.categories.models import Law
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.delivery_counts import tell_ended
from services.notifications.deliveries.delivery_drop import words_for
from services.notifications.deliveries.delivery_record import DeliveryRecord, Recorded
from services.notifications.deliveries.delivery_tell import tell_finished
from services.notifications.deliveries.errors import NotWrittenYet, RecipientUnknown
from services.notifications.deliveries.letters import Addressee, RowFacts, delivery_row
from services.notifications.deliveries.outcomes import FINISHED, STALE, Cancelled, Standing, of_obstacle, result_of
from services.notifications.deliveries.repository import DeliveryRepository, DeliveryRow, storable
from services.notifications.deliveries.settled_versions import SettledVersions
from services.notifications.deliveries.surroundings import Surroundings, about
from services.notifications.deliveries.template_fit import fit
from services.notifications.deliveries.templated_letters import NO_TIME, RENDERING_S
from services.notifications.deliveries.text_repository import TextRepository
from services.notifications.gates.gate import Candidate, Gates
from services.notifications.in_app.doorbell import ring
from services.notifications.in_app.repository import InboxRepository, NewItem
from services.notifications.locales import understood
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyReader
from services.notifications.templates.rendering import Renderer, TemplateSource
from services.notifications.templates.rendering_thread import in_slices
from services.notifications.templates.repository import TemplateKey
from services.notifications.templates.version_models import used_over
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import SendInApp
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.errors import Permanent
from shared.runtime.ids import uuid7
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped

if TYPE_CHECKING:
    import redis.asyncio as redis

CHANNEL: Final = "in_app"
MAX_LINK_CHARS: Final = 500

_NO_POLICY: Final = Policy()
_Received = Received[SendInApp]


@dataclass(slots=True)
class Put:
    """An item that is in its inbox. batch: whose inboxes the same transaction has written, told of together."""

    batch: list[str]


@dataclass(frozen=True, slots=True)
class _Addressed:
    """A message, the person whom it goes to, and what the organization that sends it has said."""

    received: _Received
    person: Person
    policy: Policy

    @property
    def to(self) -> Addressee:
        locale = self.received.message.locale or self.person.locale or self.policy.locale or "en"
        zone = self.person.time_zone or self.policy.time_zone
        return Addressee("", "", self.person.reference, self.person.name, understood(locale), zone)


class InAppSending:
    """The effect of `notifications.send_in_app`. surroundings: what every template gets besides its context."""

    def __init__(
        self,
        renderer: Renderer,
        surroundings: Surroundings,
        gates: Gates,
        record: DeliveryRecord,
        client: "redis.Redis",
        clock: Clock,
    ) -> None:
        self.concurrency = 20
        self._renderer = renderer
        self._surroundings = surroundings
        self._gates = gates
        self._record = record
        self._client = client
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[_Received]) -> Sequence[Put | Outcome]:
        """Put what may be sent into inboxes; of the rest say what comes of it."""
        now = self._clock()
        cancelled = await CancellationReader(session).covering([_asked(one) for one in received])
        works: dict[UUID, Put | Outcome] = {}
        for one in received:
            obstacle = _cancelled(cancelled.get(one.id)) or _stale(one, now)
            if obstacle is not None:
                works[one.id] = obstacle
        waiting = [one for one in received if one.id not in works]
        addressed = await _addressed(session, waiting)
        works |= {one.id: _unknown() for one in waiting if one.id not in addressed}
        works |= await self._stopped(session, list(addressed.values()), now)
        works |= await self._put(session, [one for key, one in addressed.items() if key not in works], now)
        return [works[one.id] for one in received]

    async def call(self, work: Put) -> Outcome:
        """Tell those who follow the inboxes, once for all that came together."""
        people, work.batch[:] = list(work.batch), []
        await ring(self._client, people)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[_Received, Put | None, Outcome]]) -> None:
        """Write what became of those that are in no inbox; the others were written by their claim."""
        without = [
            Recorded(_row(one, None), outcome, number=None, result=None, answer=None, provider=None, segments=None)
            for one, work, outcome in results
            if work is None
        ]
        if without:
            await self._record.write(session, without, self._clock())

    async def close(self) -> None:
        """The client is the process's."""

    async def _stopped(self, session: Session, addressed: Sequence[_Addressed], now: datetime) -> Mapping[UUID, Outcome]:
        candidates = [_candidate(one) for one in addressed]
        obstacles = await self._gates.check(session, candidates, now) if candidates else {}
        return {key: of_obstacle(obstacle, now) for key, obstacle in obstacles.items()}

    async def _put(self, session: Session, addressed: Sequence[_Addressed], now: datetime) -> Mapping[UUID, Put | Outcome]:
        """Whose delivery has ended meanwhile gets nothing: that is decided by the row, which whoever cancels locks as well."""
        sources, written = await self._written(session, addressed)
        works: dict[UUID, Put | Outcome] = {key: one for key, one in written.items() if not isinstance(one, NewItem)}
        items = {key: item for key, item in written.items() if isinstance(item, NewItem)}
        if not items:
            return works
        received = {one.received.id: one.received for one in addressed}
        deliveries = DeliveryRepository(session)
        await deliveries.add([_row(received[key], item) for key, item in items.items()], now)
        made = {key: source for key in items if (source := sources[key]) is not None}
        versions = {key: used_over(source.made_of, CHANNEL) for key, source in made.items()}
        await TextRepository(session).settle(versions, {key: source.version for key, source in made.items()})
        sent = {key: result_of(Standing(key, received[key].attempt - 1, now, True), Done()) for key in items}
        changed = await deliveries.finish(list(sent.values()), [])
        await InboxRepository(session).put([item for key, item in items.items() if key in changed], now)
        tell_ended(session, [(items[key].organization_id, CHANNEL, sent[key].status) for key in changed], now)
        for key in changed:
            tell_finished(session, received[key].message.requester, sent[key], now)
        batch = [items[key].person for key in changed]
        return works | {key: Put(batch) if key in changed else Skipped(FINISHED) for key in items}

    async def _written(
        self, session: Session, addressed: Sequence[_Addressed]
    ) -> tuple[Mapping[UUID, TemplateSource | None], Mapping[UUID, NewItem | Outcome]]:
        """What the items are made of, and the items. For which there is no time, the next batch has some."""
        if not addressed:
            return {}, {}
        keys = {one.received.id: _template(one) for one in addressed}
        kept = await TextRepository(session).kept(list(keys))
        sources = await SettledVersions(session).sources(keys, kept.versions)
        laws = await CategoryReader(session).laws({about(one.received.message, one.to) for one in addressed})
        jobs = {
            one.received.id: partial(self._item, one, sources[one.received.id], laws[about(one.received.message, one.to)])
            for one in addressed
        }
        made = await in_slices(jobs, RENDERING_S)
        return sources, {key: made.get(key) or _no_time() for key in jobs}

    def _item(self, one: _Addressed, source: TemplateSource | None, law: Law) -> NewItem | Outcome:
        message, to = one.received.message, one.to
        try:
            source = fit(source, message.template_name, message.category, law)
            context = {**message.context, **self._surroundings.of(CHANNEL, message, to, one.policy, law)}
            push = self._renderer.render_push(source, context, locale=to.locale, time_zone=to.time_zone or "UTC")
        except Permanent as error:
            return Failed(error.detail, reason="bad_content", error_class="bad_content")
        return NewItem(
            id=uuid7(),
            person=one.person.reference,
            organization_id=message.organization_id or one.person.organization_id,
            delivery_id=one.received.id,
            category=message.category,
            title=storable(push.title),
            body=storable(push.body),
            link=_link(message.context),
            subject_key=storable(message.subject_key) if message.subject_key is not None else None,
        )


async def _addressed(session: Session, received: Sequence[_Received]) -> Mapping[UUID, _Addressed]:
    """Those whose person is known. An organization's message reaches that organization's people only."""
    if not received:
        return {}
    people = await PersonReader(session).find_many(sorted({storable(one.message.to_person) for one in received}))
    owners = sorted({one.message.organization_id for one in received if one.message.organization_id is not None})
    policies = await PolicyReader(session).find_many(owners) if owners else {}
    found: dict[UUID, _Addressed] = {}
    for one in received:
        person, owner = people.get(storable(one.message.to_person)), one.message.organization_id
        if person is not None and owner in (None, person.organization_id):
            found[one.id] = _Addressed(one, person, policies.get(owner, _NO_POLICY) if owner is not None else _NO_POLICY)
    return found


def _no_time() -> Retry:
    return Retry(NO_TIME, counts=False, error_class=NotWrittenYet.code)


def _unknown() -> Failed:
    error = RecipientUnknown("nobody is known by the reference in to_person; upsert the person first")
    return Failed(error.detail, reason="bad_recipient", error_class="bad_recipient")


def _asked(one: _Received) -> Asked:
    key = storable(one.message.subject_key) if one.message.subject_key is not None else None
    return Asked(one.id, one.message.organization_id, key, one.occurred_at)


def _cancelled(covering: Covering | None) -> Outcome | None:
    return Cancelled(words_for(covering), covering.cancelled_at) if covering is not None else None


def _stale(one: _Received, now: datetime) -> Outcome | None:
    until = one.message.valid_until
    return Skipped(STALE) if until is not None and until < now else None


def _template(one: _Addressed) -> TemplateKey:
    return TemplateKey(one.received.message.template_name, one.received.message.organization_id, one.to.locale)


def _link(context: Mapping[str, JsonValue]) -> str | None:
    """Where the item leads: what its context names, if a browser may go there."""
    link = context.get("link")
    usable = isinstance(link, str) and link.startswith(("https://", "http://")) and len(link) <= MAX_LINK_CHARS
    return storable(link) if usable and isinstance(link, str) else None


def _candidate(addressed: _Addressed) -> Candidate:
    one, message, to = addressed.received, addressed.received.message, addressed.to
    return Candidate(
        id=one.id,
        organization_id=message.organization_id,
        channel=CHANNEL,
        to_person=to.reference,
        address=to.address,
        address_hash=to.address_hash,
        category=message.category,
        lane=one.lane,
        urgent=one.lane == NOTIFICATIONS_URGENT.name,
        template_name=message.template_name,
        subject_key=storable(message.subject_key) if message.subject_key is not None else None,
        dedupe_key=storable(message.dedupe_key) if message.dedupe_key is not None else None,
        asked_at=one.occurred_at,
        time_zone=to.time_zone,
        locale=to.locale,
        first=one.attempt == 1,
    )


def _row(one: _Received, item: NewItem | None) -> DeliveryRow:
    row = delivery_row(RowFacts(one.id, CHANNEL, "", one.occurred_at, one.attempt - 1), one.message, None, None)
    return row._replace(subject=item.title) if item is not None else row
