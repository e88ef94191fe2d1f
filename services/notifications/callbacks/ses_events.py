"""What Amazon SES tells through SNS: by a configuration set (`eventType`) or an identity (`notificationType`); both say the same.

docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and …/notification-contents.html.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.notifications.callbacks.bounce_status import HARD, SOFT
from services.notifications.callbacks.facts import UNSUBSCRIBED, Fact, code_of, id_of, iso_moment, plain, text_of
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.told import Told

_COMPLAINED: Final = Told("complained", Receipt.COMPLAINED, Verdict.COMPLAINED)
_BAD_CONTENT: Final = Told("blocked", Receipt.BLOCKED, Verdict.BAD_CONTENT)
_BY_SUBTYPE: Final[dict[str, Told]] = {
    "MessageTooLarge": _BAD_CONTENT,
    "ContentRejected": Told("blocked", Receipt.BLOCKED, Verdict.BLOCKED),
    "AttachmentRejected": _BAD_CONTENT,
    # Amazon has not tried. Its own list holds bounces and complaints, and `notifications.process_email_bounces` reads which.
    "OnAccountSuppressionList": Told("suppressed_by_provider", Receipt.SUPPRESSED, None),
}
_SIMPLE: Final[dict[str, tuple[str, Told]]] = {
    "Send": ("send", Told("processed", Receipt.PROCESSED, None)),
    "Reject": ("reject", _BAD_CONTENT),
    "Rendering Failure": ("failure", _BAD_CONTENT),
    "Open": ("open", Told("opened", None, None)),
    "Click": ("click", Told("clicked", None, None)),
}
_NO_HOST: Final = "5.4.4"


def read_event(event: Mapping[str, Any]) -> list[Fact]:
    """The facts, one for each recipient that it names; none for an event that says nothing to us."""
    return list(_facts(event))


def _facts(event: Mapping[str, Any]) -> Iterator[Fact]:
    kind = event.get("eventType") or event.get("notificationType")
    match kind:
        case "Bounce":
            bounce = _object(event, "bounce")
            for one in _objects(bounce, "bouncedRecipients"):
                told = _bounce(bounce, one)
                yield _fact(event, told, one.get("emailAddress"), bounce, one.get("status"), one.get("diagnosticCode"))
        case "Complaint":
            complaint = _object(event, "complaint")
            for one in _objects(complaint, "complainedRecipients"):
                feedback = complaint.get("complaintFeedbackType")
                # Somebody has moved a mail out of the spam folder.
                told = Told("not_spam", None, None) if feedback == "not-spam" else _COMPLAINED
                yield _fact(event, told, one.get("emailAddress"), complaint, feedback, None)
        case "Delivery":
            delivery = _object(event, "delivery")
            for address in _list(delivery, "recipients"):
                told = Told("delivered", Receipt.DELIVERED, None)
                yield _fact(event, told, address, delivery, None, delivery.get("smtpResponse"))
        case "DeliveryDelay":
            delay = _object(event, "deliveryDelay")
            for one in _objects(delay, "delayedRecipients"):
                told = Told("deferred", Receipt.DEFERRED, None)
                yield _fact(event, told, one.get("emailAddress"), delay, one.get("status"), one.get("diagnosticCode"))
        case "Subscription":
            subscription = _object(event, "subscription")
            if _object(subscription, "newTopicPreferences").get("unsubscribeAll") is True:
                yield _fact(event, UNSUBSCRIBED, None, subscription, None, None)
        case str() if kind in _SIMPLE:
            name, told = _SIMPLE[kind]
            part = _object(event, name)
            yield _fact(event, told, None, part, None, part.get("reason") or part.get("errorMessage"))


def _bounce(bounce: Mapping[str, Any], recipient: Mapping[str, Any]) -> Told:
    known = _BY_SUBTYPE.get(str(bounce.get("bounceSubType")))
    if known is not None:
        return known
    # A domain without a host never gets one by waiting, though Amazon calls it transient.
    return HARD if bounce.get("bounceType") == "Permanent" or recipient.get("status") == _NO_HOST else SOFT


def _fact(event: Mapping[str, Any], told: Told, recipient: Any, part: Mapping[str, Any], code: Any, detail: Any) -> Fact:
    mail = _object(event, "mail")
    return Fact(
        told=told,
        channel="email",
        delivery_id=_reference(mail),
        message_id=text_of(mail.get("messageId")),
        recipient=text_of(recipient),
        occurred_at=_moment(part, mail),
        code=code_of(code),
        detail=plain(detail),
    )


def _reference(mail: Mapping[str, Any]) -> UUID | None:
    """Our tag, which a configuration set tells; else our Message-ID, which an identity tells where its headers are included."""
    tags = _list(_object(mail, "tags"), "ref")
    if tags:
        return id_of(tags[0])
    headers = [one.get("value") for one in _objects(mail, "headers") if str(one.get("name")).lower() == "message-id"]
    for value in (*headers, _object(mail, "commonHeaders").get("messageId")):
        named = id_of(value.strip(" <>").partition("@")[0]) if isinstance(value, str) else None
        if named is not None:
            return named
    return None


def _moment(part: Mapping[str, Any], mail: Mapping[str, Any]) -> datetime | None:
    return iso_moment(part.get("timestamp")) or iso_moment(mail.get("timestamp"))


def _object(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _list(of: Mapping[str, Any], name: str) -> list[Any]:
    value = of.get(name)
    return value if isinstance(value, list) else []


def _objects(of: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [one for one in _list(of, name) if isinstance(one, dict)]
