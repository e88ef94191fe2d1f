"""What a stored event says, whoever has told it."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.notifications.callbacks.bounce_mail import read_bounce_mail
from services.notifications.callbacks.facts import Content
from services.notifications.callbacks.repository import ProviderEventRow
from services.notifications.callbacks.sendgrid_events import read_event as read_sendgrid
from services.notifications.callbacks.ses_events import read_event as read_ses
from services.notifications.callbacks.sms_events import read_msg91, read_twilio
from services.notifications.callbacks.unsubscribe_mail import read_unsubscribe_mail
from services.notifications.callbacks.verp import InboundAddresses
from shared.runtime.payload_box import PayloadBox

logger = logging.getLogger(__name__)


class EventContents:
    """Opens and reads events. addresses: None where no mail is taken."""

    def __init__(self, box: PayloadBox, addresses: InboundAddresses | None) -> None:
        self._box = box
        self._addresses = addresses

    def of(self, row: ProviderEventRow) -> Sequence[Content]:
        """Nothing where it cannot be opened or read."""
        payload = self._box.open(row.id, row.key_id, row.payload)
        if payload is None:
            logger.error("callback_event_sealed", extra={"event": str(row.id), "key": row.key_id})
            return ()
        if row.provider == "bounce_mail":
            return _mail_contents(payload, self._addresses) if self._addresses is not None else ()
        try:
            event: Any = json.loads(payload)
        except (ValueError, RecursionError):
            return ()
        return _json_contents(row.provider, event) if isinstance(event, dict) else ()


def _mail_contents(mail: bytes, addresses: InboundAddresses) -> Sequence[Content]:
    # A report that came to the other address by mistake is nobody's wish.
    return read_bounce_mail(mail, addresses.bounces) or read_unsubscribe_mail(mail, addresses.unsubscribes)


def _json_contents(provider: str, event: Mapping[str, Any]) -> Sequence[Content]:
    if provider == "ses":
        return read_ses(event)
    readers: dict[str, Callable[[Mapping[str, Any]], Content | None]] = {
        "sendgrid": read_sendgrid,
        "twilio": read_twilio,
        "msg91": read_msg91,
    }
    found = readers[provider](event)
    return () if found is None else (found,)
