"""What a worker does with the messages about deliveries."""

from services.notifications import deps
from services.notifications.deliveries.email_sending import EmailSending
from shared.contracts.notifications import SendEmail
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(SendEmail)
def send_email(runtime: ProcessRuntime) -> EmailSending:
    """Sends one e-mail with a ready subject and body."""
    return deps.email_sending(runtime)
