"""What a worker does with the messages that ask for one e-mail or one SMS."""

from services.notifications import sending_deps
from services.notifications.deliveries.sending import ChannelSending
from services.notifications.email.provider import OutgoingEmail
from services.notifications.sms.provider import OutgoingSms
from shared.contracts.notifications import (
    RetryFailedEmails,
    SendEmail,
    SendSms,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendUrgentEmail,
)
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


@effect(SendEmail)
def send_email(runtime: ProcessRuntime) -> ChannelSending[SendEmail, OutgoingEmail]:
    """Sends one e-mail with a ready subject and body."""
    return sending_deps.email_sending(runtime)


@effect(SendTemplatedEmail)
def send_templated_email(runtime: ProcessRuntime) -> ChannelSending[SendTemplatedEmail, OutgoingEmail]:
    """Sends one e-mail whose subject and body a template makes."""
    return sending_deps.templated_email_sending(runtime)


@effect(SendUrgentEmail)
def send_urgent_email(runtime: ProcessRuntime) -> ChannelSending[SendUrgentEmail, OutgoingEmail]:
    """Sends one e-mail before all others, by another provider at once where one fails."""
    return sending_deps.urgent_email_sending(runtime)


@effect(SendSms)
def send_sms(runtime: ProcessRuntime) -> ChannelSending[SendSms, OutgoingSms]:
    """Sends one SMS with a ready text."""
    return sending_deps.sms_sending(runtime)


@effect(SendTemplatedSms)
def send_templated_sms(runtime: ProcessRuntime) -> ChannelSending[SendTemplatedSms, OutgoingSms]:
    """Sends one SMS whose text a template makes."""
    return sending_deps.templated_sms_sending(runtime)


@task(RetryFailedEmails)
async def retry_failed_emails(session: Session, _: Received[RetryFailedEmails]) -> None:
    """Takes up e-mails again that failed of an outage which is over by now."""
    await sending_deps.email_retry(session).sweep()
