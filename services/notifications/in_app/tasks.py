"""What a worker does with the messages about in-app inboxes."""

from services.notifications import notice_deps
from services.notifications.in_app.item_sending import InAppSending
from shared.contracts.notifications import SendInApp
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(SendInApp)
def send_in_app(runtime: ProcessRuntime) -> InAppSending:
    """Puts one item into a person's in-app inbox."""
    return notice_deps.in_app_sending(runtime)
