"""Who gets what: the one place where the service's parts are put together."""

import ssl
from functools import cache
from uuid import UUID
from weakref import WeakKeyDictionary

from services.notifications.cancellations.repository import CancellationReader, CancellationRepository
from services.notifications.cancellations.service import Cancelling
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.deliveries.email_sending import EmailSending
from services.notifications.deliveries.letters import ReadyLetters
from services.notifications.deliveries.repository import DeliveryReader, DeliveryRepository
from services.notifications.deliveries.service import Deliveries, EmailRequests
from services.notifications.deliveries.templated_letters import TemplatedLetters
from services.notifications.email.mime import sender_mailbox
from services.notifications.email.provider import EmailProvider
from services.notifications.email.smtp import SmtpProvider, SmtpServer
from services.notifications.people.repository import PersonReader, PersonRepository
from services.notifications.people.service import People, PeopleChanges
from services.notifications.settings import NotificationsSettings
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateReader, TemplateRepository
from services.notifications.templates.service import TemplateChanges, Templates
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings


def deliveries(session: ReadSession, organization_id: UUID | None) -> Deliveries:
    """Reading deliveries as a caller of this organization, or of none."""
    return Deliveries(DeliveryReader(session), CancellationReader(session), organization_id)


def email_requests(session: Session, runtime: HttpRuntime) -> EmailRequests:
    """Asking for e-mails in the session's unit of work."""
    domain = sender_mailbox(_own(runtime.settings).smtp_from).domain
    return EmailRequests(session, TemplatedLetters(renderer()), Publisher(session), runtime.clock, domain)


def cancelling(session: Session, clock: Clock = system_clock) -> Cancelling:
    """Cancelling what waits, in the session's unit of work."""
    return Cancelling(CancellationRepository(session), DeliveryRepository(session), DroppedDeliveries(session), clock)


def email_sending(runtime: ProcessRuntime) -> EmailSending[SendEmail]:
    """The effect of `notifications.send_email`."""
    settings = _own(runtime.settings)
    return EmailSending(ReadyLetters(), _provider_of(runtime), sender_mailbox(settings.smtp_from), runtime.clock)


def templated_email_sending(runtime: ProcessRuntime) -> EmailSending[SendTemplatedEmail]:
    """The effect of `notifications.send_templated_email`."""
    settings = _own(runtime.settings)
    letters = TemplatedLetters(renderer())
    return EmailSending(letters, _provider_of(runtime), sender_mailbox(settings.smtp_from), runtime.clock)


@cache
def renderer() -> Renderer:
    """The process's one renderer, which keeps what it has compiled."""
    return Renderer()


_providers: WeakKeyDictionary[ProcessRuntime, EmailProvider] = WeakKeyDictionary()


def _provider_of(runtime: ProcessRuntime) -> EmailProvider:
    """The one provider of a process: all kinds of e-mail share its connections, and are all told when it is closed."""
    if runtime not in _providers:
        _providers[runtime] = email_provider(_own(runtime.settings))
    return _providers[runtime]


def email_provider(settings: NotificationsSettings) -> EmailProvider:
    """The provider that EMAIL_PROVIDER names; settings refuse what is none."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password is not None else None
    context = None if settings.smtp_tls == "none" else ssl.create_default_context()
    if context is not None and settings.smtp_ca_file is not None:
        context.load_verify_locations(settings.smtp_ca_file)
    server = SmtpServer(settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, password, context)
    return SmtpProvider(server, pool_size=settings.smtp_pool_size, time_factor=settings.time_factor)


def people(session: ReadSession, organization_id: UUID | None) -> People:
    """Reading people as a caller of this organization, or of none."""
    return People(PersonReader(session), organization_id)


def people_changes(session: Session, clock: Clock = system_clock) -> PeopleChanges:
    """Writing people in the session's unit of work."""
    return PeopleChanges(PersonRepository(session), clock)


def templates(session: ReadSession) -> Templates:
    """Reading templates and trying them."""
    return Templates(TemplateReader(session), renderer())


def template_changes(session: Session, clock: Clock) -> TemplateChanges:
    """Writing templates in the session's unit of work."""
    return TemplateChanges(TemplateRepository(session), renderer(), clock)


def _own(settings: ServiceSettings) -> NotificationsSettings:
    assert isinstance(settings, NotificationsSettings), "the runtime of this service carries this service's settings"
    return settings
