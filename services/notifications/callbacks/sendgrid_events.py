"""What SendGrid's Event Webhook says (twilio.com/docs/sendgrid/for-developers/tracking-events/event)."""

from collections.abc import Mapping
from typing import Any, Final

from services.notifications.callbacks.bounce_status import BLOCKED, HARD, NOT_TAKEN, SOFT, told_of
from services.notifications.callbacks.facts import (
    RESUBSCRIBED,
    UNSUBSCRIBED,
    Fact,
    code_of,
    id_of,
    plain,
    seconds_moment,
    text_of,
)
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import ASCII_ALONE, Verdict
from services.notifications.sms.told import Told

_PLAIN: Final[dict[str, Told]] = {
    "processed": Told("processed", Receipt.PROCESSED, None),
    "deferred": Told("deferred", Receipt.DEFERRED, None),
    "delivered": Told("delivered", Receipt.DELIVERED, None),
    "spamreport": Told("complained", Receipt.COMPLAINED, Verdict.COMPLAINED),
    "unsubscribe": UNSUBSCRIBED,
    "group_unsubscribe": UNSUBSCRIBED,
    "group_resubscribe": RESUBSCRIBED,
    "click": Told("clicked", None, None),
}
_BY_CLASSIFICATION: Final[dict[str, Told]] = {
    "invalid address": HARD,
    "mailbox unavailable": SOFT,
    "technical": SOFT,
    "technical failure": SOFT,
    "reputation": BLOCKED,
    "frequency": BLOCKED,
    "volume": BLOCKED,
    "frequency or volume too high": BLOCKED,
    "content": BLOCKED,
}
# SendGrid has not tried: the address is on a list of its own, which we take over.
_DROPPED: Final[dict[str, Told]] = {
    "bounced address": Told("suppressed_by_provider", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    "invalid": Told("suppressed_by_provider", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    "unsubscribed address": Told("suppressed_by_provider", Receipt.SUPPRESSED, Verdict.OPTED_OUT),
    "spam reporting address": Told("suppressed_by_provider", Receipt.SUPPRESSED, Verdict.COMPLAINED),
}
_DROPPED_OTHERWISE: Final = Told("suppressed_by_provider", Receipt.BLOCKED, Verdict.BLOCKED)


def read_event(event: Mapping[str, Any]) -> Fact | None:
    """The fact; None for an event that says nothing to us."""
    told = _told(event)
    if told is None:
        return None
    # The id of the request is what stands before the first point.
    message_id = (text_of(event.get("sg_message_id")) or "").partition(".")[0]
    return Fact(
        told=told,
        channel="email",
        delivery_id=id_of(event.get("ref")),
        message_id=message_id or None,
        recipient=text_of(event.get("email")),
        occurred_at=seconds_moment(event.get("timestamp")),
        code=code_of(event.get("status")),
        detail=plain(event.get("reason") or event.get("response")),
    )


def _told(event: Mapping[str, Any]) -> Told | None:
    kind = event.get("event")
    match kind:
        case "bounce":
            return _bounce(event)
        case "dropped":
            return _DROPPED.get(_lower(event.get("reason")), _DROPPED_OTHERWISE)
        case "open":
            return Told("opened_by_machine" if event.get("sg_machine_open") is True else "opened", None, None)
        case str():
            return _PLAIN.get(kind)
        case _:
            return None


def _bounce(event: Mapping[str, Any]) -> Told:
    if event.get("type") == "blocked":
        return NOT_TAKEN if event.get("status") == ASCII_ALONE else BLOCKED
    known = _BY_CLASSIFICATION.get(_lower(event.get("bounce_classification")))
    if known is not None:
        return known
    reason, status = event.get("reason"), event.get("status")
    words = reason if isinstance(reason, str) else ""
    return told_of(status if isinstance(status, str) else None, words, otherwise=HARD)


def _lower(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
