"""Who gets what in the sending: providers, gates, letters and channels, put together for one process."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from services.notifications import deps
from services.notifications.callbacks.verp import InboundAddresses
from services.notifications.campaigns.gate import CampaignGate
from services.notifications.campaigns.rates import RefusalWatch
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.delivery_record import DeliveryRecord, Lesson
from services.notifications.deliveries.email_channel import EmailChannel
from services.notifications.deliveries.email_retry import EmailRetry
from services.notifications.deliveries.letters import Letters
from services.notifications.deliveries.ready_letters import ReadyEmails, ReadySms
from services.notifications.deliveries.sending import ChannelSending, Gatekeepers
from services.notifications.deliveries.sms_channel import SmsChannel
from services.notifications.deliveries.surroundings import Surroundings, UnsubscribeHeaders
from services.notifications.deliveries.templated_letters import TemplatedEmails, TemplatedSms
from services.notifications.deliveries.urgent_letters import UrgentEmails
from services.notifications.digests.collecting import collect
from services.notifications.dlt.gate import DltGate
from services.notifications.dlt.registry import Registry
from services.notifications.documents.document_fetch import DocumentFetcher, Owner
from services.notifications.email.mime import sender_mailbox
from services.notifications.email.provider import OutgoingEmail
from services.notifications.gates.dedupe_gate import DedupeGate
from services.notifications.gates.gate import Gates
from services.notifications.gates.preference_gate import PreferenceGate
from services.notifications.gates.quiet_hours_gate import QuietHoursGate
from services.notifications.gates.throttle_gate import ThrottleGate
from services.notifications.notices.notice_check import NoticeCheck
from services.notifications.people.repository import PersonReader
from services.notifications.preferences.links import Links
from services.notifications.preferences.tokens import LinkTokens
from services.notifications.providers.carriers import Carriers, Shared
from services.notifications.providers.factory import Factory
from services.notifications.providers.models import account_key
from services.notifications.providers.repository import ProviderReader, ProviderRepository
from services.notifications.providers.service import ProviderSetup
from services.notifications.requests.service import Requests, Writing
from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as process_settings
from services.notifications.sms.provider import OutgoingSms
from services.notifications.suppressions.gate import SuppressionGate
from services.notifications.suppressions.service import Learned, Suppressing
from services.notifications.templates.repository import TemplateReader
from shared.contracts.lanes import lanes_of
from shared.contracts.notifications import (
    ChannelSend,
    SendEmail,
    SendSms,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendUrgentEmail,
)
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database, Session
from shared.runtime.http.client import service_client
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.dead_letters.repository import DeadLetterControl
from shared.runtime.outbox import Publisher
from shared.runtime.outside.circuits import Circuits, Standing
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings
from shared.runtime.vault import Vault

M = TypeVar("M", bound=ChannelSend)


def email_sending(runtime: ProcessRuntime) -> ChannelSending[SendEmail, OutgoingEmail]:
    """The effect of `notifications.send_email`."""
    return _emails(runtime, ReadyEmails(deps.address_hasher(runtime.settings)))


def templated_email_sending(runtime: ProcessRuntime) -> ChannelSending[SendTemplatedEmail, OutgoingEmail]:
    """The effect of `notifications.send_templated_email`."""
    return _emails(runtime, _templated_emails(runtime.settings))


def urgent_email_sending(runtime: ProcessRuntime) -> ChannelSending[SendUrgentEmail, OutgoingEmail]:
    """The effect of `notifications.send_urgent_email`."""
    return _emails(runtime, _urgent_emails(runtime.settings))


def sms_sending(runtime: ProcessRuntime) -> ChannelSending[SendSms, OutgoingSms]:
    """The effect of `notifications.send_sms`."""
    return _sms(runtime, _ready_sms(runtime.settings))


def templated_sms_sending(runtime: ProcessRuntime) -> ChannelSending[SendTemplatedSms, OutgoingSms]:
    """The effect of `notifications.send_templated_sms`."""
    return _sms(runtime, _templated_sms(runtime.settings))


def email_retry(session: Session, clock: Clock = system_clock) -> EmailRetry:
    """Taking up failed e-mails in the session's unit of work."""
    lanes = [lane.name for lane in lanes_of("notifications")]
    return EmailRetry(session, DeadLetterControl(session, lanes), process_settings().email_provider, clock)


def gates() -> Gates:
    """Whom nothing is sent to, and when nothing is sent, in the order in which it is asked.

    What stops for good goes before what holds back, and what counts a message as sent comes last.
    """
    dedupe = DedupeGate()
    preference = PreferenceGate(collect, dedupe)
    return Gates([CampaignGate(), SuppressionGate(), preference, dedupe, QuietHoursGate(), ThrottleGate()])


def requests(session: Session, runtime: HttpRuntime) -> Requests:
    """Asking for messages in the session's unit of work."""
    return Requests(session, Publisher(session), runtime.clock)


def notice_check(session: Session) -> NoticeCheck:
    """Whether a notification can be carried out."""
    return NoticeCheck(PersonReader(session), TemplateReader(session), CategoryReader(session))


def writing_emails(runtime: HttpRuntime) -> Writing[SendEmail]:
    """How `POST /v1/emails` writes."""
    return Writing(ReadyEmails(deps.address_hasher(runtime.settings)), "email", _domain(runtime.settings))


def writing_templated_emails(runtime: HttpRuntime) -> Writing[SendTemplatedEmail]:
    """How `POST /v1/templated-emails` writes."""
    return Writing(_templated_emails(runtime.settings), "email", _domain(runtime.settings))


def writing_sms(runtime: HttpRuntime) -> Writing[SendSms]:
    """How `POST /v1/sms` writes."""
    return Writing(_ready_sms(runtime.settings), "sms")


def writing_templated_sms(runtime: HttpRuntime) -> Writing[SendTemplatedSms]:
    """How `POST /v1/templated-sms` writes."""
    return Writing(_templated_sms(runtime.settings), "sms")


def provider_setup(session: Session, runtime: HttpRuntime) -> ProviderSetup:
    """Provider accounts and routes in the session's unit of work."""
    settings = deps.own_settings(runtime.settings)
    defaults = {"email": settings.email_providers, "sms": settings.sms_providers}
    return ProviderSetup(ProviderRepository(session), Vault(settings.encryption), defaults, runtime.clock)


def backend_url(runtime: HttpRuntime) -> str:
    """This API as providers reach it."""
    return deps.own_settings(runtime.settings).backend_url


async def standings(database: Database, runtime: HttpRuntime, organization_id: UUID | None) -> list[tuple[Standing, UUID | None]]:
    """How accounts stand with all workers, with the organization of each: the installation's (None), and those of one
    organization, or of all where None is named."""
    settings = deps.own_settings(runtime.settings)
    whose: dict[str, UUID | None] = dict.fromkeys((*settings.email_providers, *settings.sms_providers))
    async with database.read() as session:
        own = await ProviderReader(session).all_accounts(organization_id)
    whose |= {account_key(one): one.organization_id for one in own}
    states = await Circuits(runtime.redis, settings.service).states(whose)
    return [(replace(states[key], name=key.rpartition("/")[2]), owner) for key, owner in whose.items()]


@dataclass(frozen=True, slots=True)
class _Carrying:
    """What all sending of one process shares: connections, breakers and rates."""

    emails: Carriers[OutgoingEmail]
    sms: Carriers[OutgoingSms]


_carrying: WeakKeyDictionary[ProcessRuntime, _Carrying] = WeakKeyDictionary()


def carrying(runtime: ProcessRuntime) -> _Carrying:
    """The carriers of this process, made once."""
    if runtime not in _carrying:
        settings = deps.own_settings(runtime.settings)
        factory = Factory(settings)
        shared = Shared.of(runtime.redis, settings.service, time_factor=settings.time_factor)
        _carrying[runtime] = _Carrying(
            Carriers("email", factory.default_emails(), factory.own_email, shared),
            Carriers("sms", factory.default_sms(), factory.own_sms, shared),
        )
    return _carrying[runtime]


class _Lessons:
    """Puts what providers say in their answers on the suppression list."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        self._hasher = deps.address_hasher(settings)
        self._clock = clock

    async def learn(self, session: Session, lessons: Sequence[Lesson], now: datetime) -> None:
        learned = [
            Learned(
                channel=one.row.channel,
                address=one.row.to_address,
                organization_id=one.row.organization_id,
                category=one.row.category,
                verdict=one.verdict,
                provider=one.provider,
                delivery_id=one.row.id,
                at=now,
                address_hash=one.row.address_hash,
                account_of=one.account_of,
            )
            for one in lessons
        ]
        await Suppressing(session, self._hasher, self._clock).learn(learned)


def _emails(runtime: ProcessRuntime, letters: Letters[M]) -> ChannelSending[M, OutgoingEmail]:
    settings = deps.own_settings(runtime.settings)
    inbound = InboundAddresses.at(settings.bounce_address, settings.signing) if settings.bounce_address is not None else None
    bounces = inbound.bounces if inbound is not None else None
    # Without the secret nobody can hand a mail to the API, and who writes one would wait for ever.
    wishes = inbound.unsubscribes if inbound is not None and settings.bounce_secret is not None else None
    sender, headers = sender_mailbox(settings.smtp_from), UnsubscribeHeaders(_links(settings), wishes)
    channel = EmailChannel(sender, bounces, headers, _documents(settings), time_factor=settings.time_factor)
    return ChannelSending(
        letters, channel, carrying(runtime).emails, Gatekeepers(gates(), Gates([])), _record(runtime), runtime.clock
    )


def _sms(runtime: ProcessRuntime, letters: Letters[M]) -> ChannelSending[M, OutgoingSms]:
    channel = SmsChannel(Registry(), deps.price_list(runtime.settings))
    return ChannelSending(
        letters,
        channel,
        carrying(runtime).sms,
        Gatekeepers(gates(), Gates([DltGate(Registry())])),
        _record(runtime),
        runtime.clock,
    )


def _documents(settings: NotificationsSettings) -> DocumentFetcher:
    url = settings.payments_url
    connect = partial(service_client, settings, "payments", url) if url is not None else None
    owners = {"payments.invoice": Owner("/v1/invoices/{id}/pdf", "PAYMENTS_URL", connect)}
    return DocumentFetcher(owners, settings.time_factor)


def _record(runtime: ProcessRuntime) -> DeliveryRecord:
    return DeliveryRecord(RefusalWatch(_Lessons(runtime.settings, runtime.clock)))


def _templated_emails(settings: ServiceSettings) -> TemplatedEmails[SendTemplatedEmail]:
    return TemplatedEmails(deps.renderer(), deps.address_hasher(settings), _surroundings(settings))


def _urgent_emails(settings: ServiceSettings) -> UrgentEmails:
    hasher = deps.address_hasher(settings)
    return UrgentEmails(ReadyEmails(hasher), TemplatedEmails(deps.renderer(), hasher, _surroundings(settings)))


def _ready_sms(settings: ServiceSettings) -> ReadySms:
    return ReadySms(deps.address_hasher(settings), deps.own_settings(settings).sms_default_country)


def _templated_sms(settings: ServiceSettings) -> TemplatedSms:
    own = deps.own_settings(settings)
    return TemplatedSms(deps.renderer(), deps.address_hasher(own), _surroundings(own), own.sms_default_country)


def _surroundings(settings: ServiceSettings) -> Surroundings:
    own = deps.own_settings(settings)
    return Surroundings(_links(own), own.frontend_url, own.backend_url)


def _links(settings: NotificationsSettings) -> Links:
    return Links(settings, LinkTokens(settings.signing))


def _domain(settings: ServiceSettings) -> str:
    return sender_mailbox(deps.own_settings(settings).smtp_from).domain
