"""Publishing the messages of notices, and their deliveries with them.

Each delivery is there from the moment at which its message is published, and counts as asked for when its notice was. So whoever
cancels a subject drops what a notice has become as well as the notice that is still on its way. What they say is
settled then, too: all messages of a notice are made of the versions that are published at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.deliveries.delivery_tell import tell_finished
from services.notifications.deliveries.letters import field_of
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.note_repository import NoteRepository, skipped
from services.notifications.deliveries.repository import DeliveryRepository, DeliveryResult, DeliveryRow, storable
from services.notifications.deliveries.settled_versions import Owned, SettledVersions
from services.notifications.templates.version_models import Uses, as_json
from shared.contracts.lanes import LANES, Lane
from shared.contracts.notifications import ChannelSend
from shared.runtime.clock import Clock
from shared.runtime.context import Trace, traced
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish

NO_ADDRESS: Final = "no_address"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a delivery ends that comes to no message. reason: a stable code. words: without the address."""

    status: DeliveryStatus
    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One delivery that a notice asks for. message: None where it comes to none, and `ending` says why.

    facts: what the row says where there is no message that has it.
    """

    notice: Received[Any]
    id: UUID
    channel: str
    message: ChannelSend | None
    ending: Ending | None
    facts: Mapping[str, str | None]


class Dispatch:
    """Writes deliveries and publishes their messages in one unit of work. domain: the sender's, for the Message-ID of e-mails."""

    def __init__(self, session: Session, domain: str, clock: Clock) -> None:
        self._session = session
        self._deliveries = DeliveryRepository(session)
        self._dropped = DroppedDeliveries(session)
        self._domain = domain
        self._clock = clock

    async def send(self, asked: Sequence[Asked]) -> None:
        """Publish what is neither at its end nor cancelled. Doing it again changes nothing."""
        if not asked:
            return
        now = self._clock()
        settled = await self._settled(asked)
        await self._deliveries.add([self._row(one, settled.get(one.id, ())) for one in asked], now)
        await self._end([one for one in asked if one.ending is not None], now)
        cancelled = await self._dropped.drop_cancelled([one.id for one in asked], now)
        for one in asked:
            if one.message is not None and one.ending is None and one.id not in cancelled:
                self._publish(one.message, one.id, _lane(one), one.notice.trace)

    async def _settled(self, asked: Sequence[Asked]) -> Mapping[UUID, Uses]:
        """Of which versions of their templates the messages are made."""
        owned = {one.id: found for one in asked if (found := _template(one)) is not None}
        versions = await SettledVersions(self._session).published(set(owned.values())) if owned else {}
        return {key: versions[one] for key, one in owned.items() if one in versions}

    def _publish(self, message: ChannelSend, message_id: UUID, lane: Lane, trace: Trace) -> None:
        with traced(trace.child()):
            publish(self._session, message, lane=lane, message_id=message_id)

    async def _end(self, asked: Sequence[Asked], now: datetime) -> None:
        endings = {one.id: (one, one.ending) for one in asked}
        results = [
            DeliveryResult(key, ending.status, 0, now, ending.words[:500], reason=ending.reason)
            for key, (_, ending) in endings.items()
            if ending is not None
        ]
        if not results:
            return
        changed = await self._deliveries.finish(results, [])
        await self._note([(key, ending) for key, (_, ending) in endings.items() if ending is not None and key in changed], now)
        for result in results:
            if result.id in changed:
                tell_finished(self._session, getattr(endings[result.id][0].notice.message, "requester", None), result, now)

    async def _note(self, ended: Sequence[tuple[UUID, Ending]], now: datetime) -> None:
        notes = [skipped(key, one.reason, one.words) for key, one in ended if one.status is DeliveryStatus.DROPPED]
        if notes:
            await NoteRepository(self._session).note(notes, now)

    def _row(self, one: Asked, versions: Uses) -> DeliveryRow:
        notice = one.notice.message
        said = {name: _storable(one, name) for name in ("to_person", "template_name", "dedupe_key", "requester", "subject_key")}
        return DeliveryRow(
            **said,
            id=one.id,
            channel=one.channel,
            organization_id=getattr(notice, "organization_id", None),
            to_address=_storable(one, "to_email") if one.channel == "email" else _storable(one, "to_phone"),
            address_hash=None,
            subject=None,
            template_version=None,
            category=_storable(one, "category") or "general",
            asked_at=one.notice.occurred_at,
            message_id_header=f"<{one.id}@{self._domain}>" if one.channel == "email" else None,
            retries=0,
            notice_id=one.notice.id,
            template_versions=as_json(versions),
        )


def _template(one: Asked) -> Owned | None:
    """Of what its message is to be made; None where it comes to none."""
    name = field_of(one.message, "template_name") if one.message is not None and one.ending is None else None
    return Owned(name, one.message.organization_id) if one.message is not None and name is not None else None


def _storable(one: Asked, name: str) -> str | None:
    """What the delivery's row says under a name: as its message has it, else as it was given, else as the notice has it."""
    source = one.message if one.message is not None else one.notice.message
    value = one.facts[name] if name in one.facts else getattr(source, name, None)
    return storable(value) if isinstance(value, str) else None


def _lane(one: Asked) -> Lane:
    """That on which the notice came, as far as the message may travel on it."""
    assert one.message is not None, "only messages travel"
    lanes = one.message.contract.lanes
    lane = LANES.get(one.notice.lane)
    return lane if lane in lanes and lane is not None else lanes[0]
