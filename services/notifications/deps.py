"""Who gets what: the one place where the service's parts are put together."""

import ssl
from uuid import UUID

from services.notifications.deliveries.email_sending import EmailSending
from services.notifications.deliveries.repository import DeliveryReader, DeliveryRepository
from services.notifications.deliveries.service import Deliveries, EmailRequests
from services.notifications.email.mime import sender_mailbox
from services.notifications.email.provider import EmailProvider
from services.notifications.email.smtp import SmtpProvider, SmtpServer
from services.notifications.settings import NotificationsSettings
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings


def deliveries(session: ReadSession, organization_id: UUID | None) -> Deliveries:
    """Reading deliveries as a caller of this organization, or of none."""
    return Deliveries(DeliveryReader(session), organization_id)


def email_requests(session: Session, runtime: HttpRuntime) -> EmailRequests:
    """Asking for e-mails in the session's unit of work."""
    domain = sender_mailbox(_own(runtime.settings).smtp_from).domain
    return EmailRequests(DeliveryRepository(session), Publisher(session), runtime.clock, domain)


def email_sending(runtime: ProcessRuntime) -> EmailSending:
    """The effect of `notifications.send_email`, with connections of the process's own."""
    settings = _own(runtime.settings)
    return EmailSending(email_provider(settings), sender_mailbox(settings.smtp_from), runtime.clock)


def email_provider(settings: NotificationsSettings) -> EmailProvider:
    """The provider that EMAIL_PROVIDER names; settings refuse what is none."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password is not None else None
    context = None if settings.smtp_tls == "none" else ssl.create_default_context()
    if context is not None and settings.smtp_ca_file is not None:
        context.load_verify_locations(settings.smtp_ca_file)
    server = SmtpServer(settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, password, context)
    return SmtpProvider(server, pool_size=settings.smtp_pool_size, time_factor=settings.time_factor)


def _own(settings: ServiceSettings) -> NotificationsSettings:
    assert isinstance(settings, NotificationsSettings), "the runtime of this service carries this service's settings"
    return settings
