"""Puts together what tells people things over several channels: notices, in-app inboxes, digests, documents."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from services.notifications import deps, sending_deps
from services.notifications.deliveries.delivery_record import DeliveryRecord, Lesson
from services.notifications.deliveries.surroundings import Surroundings
from services.notifications.digests.digest_queue import DigestQueue
from services.notifications.digests.digest_sending import DigestSending
from services.notifications.digests.hourly_sending import HourlySending
from services.notifications.digests.repository import DigestRepository
from services.notifications.digests.trip_summary import TripSummaries
from services.notifications.digests.window_repository import WindowRepository
from services.notifications.email.mime import sender_mailbox
from services.notifications.in_app.doorbell import Doorbell, ring
from services.notifications.in_app.item_sending import InAppSending
from services.notifications.in_app.repository import Head, InboxReader, InboxRepository
from services.notifications.in_app.service import Inbox, InboxAccess, InboxChanges
from services.notifications.in_app.stream import InboxStream
from services.notifications.notices.bulk import BulkEmails
from services.notifications.notices.dispatch import Dispatch
from services.notifications.notices.links import Frontends
from services.notifications.notices.service import Notices
from services.notifications.people.repository import PersonReader
from services.notifications.policies.repository import PolicyReader
from services.notifications.preferences.links import Links
from services.notifications.preferences.tokens import LinkTokens
from services.notifications.settings import settings as process_settings
from services.notifications.templates.repository import TemplateReader
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.client import service_client
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from datetime import datetime

    import redis.asyncio as redis


def notices(session: Session, clock: Clock = system_clock) -> Notices:
    """Carrying out notices in the session's unit of work."""
    frontends = Frontends(PolicyReader(session), process_settings().frontend_url)
    return Notices(PersonReader(session), TemplateReader(session), frontends, _dispatch(session, clock))


def bulk_emails(session: Session, clock: Clock = system_clock) -> BulkEmails:
    """Carrying out bulk e-mails in the session's unit of work."""
    return BulkEmails(_dispatch(session, clock), PersonReader(session))


def _dispatch(session: Session, clock: Clock) -> Dispatch:
    return Dispatch(session, sender_mailbox(process_settings().smtp_from).domain, clock)


def in_app_sending(runtime: ProcessRuntime) -> InAppSending:
    """The effect of `notifications.send_in_app`."""
    settings, record = deps.own_settings(runtime.settings), DeliveryRecord(_NothingToLearn())
    around = Surroundings(Links(settings, LinkTokens(settings.signing)), settings.frontend_url, settings.backend_url)
    return InAppSending(deps.renderer(), around, sending_deps.gates(), record, runtime.redis, runtime.clock)


class _NothingToLearn:
    """No provider carries in-app items, and so none says anything of a recipient."""

    async def learn(self, session: Session, lessons: Sequence[Lesson], now: "datetime") -> None:
        """There are no lessons."""


def inbox_access(session: ReadSession) -> InboxAccess:
    """Who may open whose inbox."""
    return InboxAccess(PersonReader(session))


def inbox(session: ReadSession, person: str) -> Inbox:
    """Reading a person's inbox."""
    return Inbox(InboxReader(session), person)


def inbox_changes(session: Session, person: str, clock: Clock) -> InboxChanges:
    """Changing a person's inbox in the session's unit of work."""
    return InboxChanges(InboxRepository(session), person, clock)


_doorbells: "WeakKeyDictionary[redis.Redis, Doorbell]" = WeakKeyDictionary()


def inbox_stream(runtime: HttpRuntime) -> InboxStream:
    """Following inboxes. All streams of a process share one subscription."""

    async def heads(people: Sequence[str]) -> Mapping[str, Head]:
        async with runtime.database.read() as session:
            return await InboxReader(session).heads(people)

    factor = runtime.settings.time_factor
    if runtime.redis not in _doorbells:
        _doorbells[runtime.redis] = Doorbell(runtime.redis, heads, factor)
    return InboxStream(runtime.database, _doorbells[runtime.redis], factor)


async def ring_inbox(runtime: HttpRuntime, person: str) -> None:
    """Tell those who follow the inbox that something in it has changed."""
    await ring(runtime.redis, [person])


def digest_queue(session: Session, clock: Clock = system_clock) -> DigestQueue:
    """Asking for digests in the session's unit of work."""
    return DigestQueue(DigestRepository(session), WindowRepository(session), Publisher(session), clock)


def digest_sending(runtime: ProcessRuntime) -> DigestSending:
    """The effect of `notifications.send_daily_digest`."""
    settings = deps.own_settings(runtime.settings)
    url = settings.trips_url
    summaries = TripSummaries(lambda: service_client(settings, "trips", url), settings.time_factor) if url is not None else None
    return DigestSending(summaries, settings.frontend_url, runtime.clock)


def hourly_sending(runtime: ProcessRuntime) -> HourlySending:
    """The effect of `notifications.send_hourly_digest`."""
    return HourlySending(deps.own_settings(runtime.settings).frontend_url, runtime.clock)
