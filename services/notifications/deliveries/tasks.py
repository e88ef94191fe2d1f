"""What a worker does with the messages about deliveries."""

from services.notifications import deps
from services.notifications.deliveries.email_sending import EmailSending
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(SendEmail)
def send_email(runtime: ProcessRuntime) -> EmailSending[SendEmail]:
    """Sends one e-mail with a ready subject and body."""
    return deps.email_sending(runtime)


@effect(SendTemplatedEmail)
def send_templated_email(runtime: ProcessRuntime) -> EmailSending[SendTemplatedEmail]:
    """Sends one e-mail whose subject and body a template makes."""
    return deps.templated_email_sending(runtime)
