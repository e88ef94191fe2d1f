"""What becomes of mails, as SES tells it (docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).

With a configuration set the key is `eventType` and the mail's tags come along. Without one these are the notifications of an
identity: the key is `notificationType`, there are no tags, and only bounces, complaints and deliveries are told.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from deploy.sandbox.mailbox.rules import MailRule

_GAP_S = 0.02
_STORIES: dict[str, tuple[str, ...]] = {
    "delivered": ("Send", "Delivery"),
    "deferred": ("Send", "DeliveryDelay", "Delivery"),
    "bounce": ("Send", "Bounce"),
    "soft_bounce": ("Send", "Bounce"),
    "blocked": ("Send", "Bounce"),
    "dropped": ("Send", "Bounce"),
    "complaint": ("Send", "Delivery", "Complaint"),
    "unsubscribe": ("Send", "Delivery", "Subscription"),
    "opened": ("Send", "Delivery", "Open"),
    "silent": (),
}
_OF_IDENTITIES = ("Bounce", "Complaint", "Delivery")
BOUNCES = {
    "bounce": ("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    "soft_bounce": ("Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full"),
    "blocked": ("Transient", "ContentRejected", "5.7.1", "smtp; 554 5.7.1 message rejected as spam"),
    "dropped": ("Permanent", "OnAccountSuppressionList", "5.1.1", "Amazon SES did not send to this address"),
}


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail that was taken."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    tags: dict[str, list[str]]
    configuration_set: str | None


def story(mail: SentMail, rule: MailRule | None) -> list[tuple[float, dict[str, Any]]]:
    """The events of a mail, each with the seconds after which it is told."""
    names = _STORIES[rule.action if rule is not None else "delivered"]
    told = [name for name in names if mail.configuration_set is not None or name in _OF_IDENTITIES]
    begin = (rule.seconds or 0.0) if rule is not None else 0.0
    times = [begin + step * _GAP_S for step in range(len(told))]
    if rule is not None and rule.reorder:
        times.reverse()
    events = [(at, event(mail, name, rule)) for at, name in zip(times, told, strict=True)]
    return [(at + again * _GAP_S / 10, one) for at, one in events for again in range(rule.repeat if rule is not None else 1)]


def event(mail: SentMail, name: str, rule: MailRule | None) -> dict[str, Any]:
    """One event with its own part."""
    key = "eventType" if mail.configuration_set is not None else "notificationType"
    part = _PARTS[name](mail, rule)
    own = "deliveryDelay" if name == "DeliveryDelay" else name.lower()
    return {key: name, "mail": _mail(mail), own: part}


def timestamp() -> str:
    """Now, as SES writes it."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _mail(mail: SentMail) -> dict[str, Any]:
    common: dict[str, Any] = {
        "timestamp": timestamp(),
        "source": mail.sender,
        "sendingAccountId": "000000000000",
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
    }
    if mail.configuration_set is None:
        return common
    headers = {"headersTruncated": False, "headers": [], "commonHeaders": {"to": list(mail.recipients), "subject": mail.subject}}
    tags = {"ses:configuration-set": [mail.configuration_set], "ses:operation": ["SendEmail"], **mail.tags}
    return {**common, **headers, "tags": tags}


def _bounce(mail: SentMail, rule: MailRule | None) -> dict[str, Any]:
    kind, sub_kind, status, diagnostic = BOUNCES[rule.action if rule is not None else "bounce"]
    said = rule.text if rule is not None and rule.text else diagnostic
    return {
        "bounceType": kind,
        "bounceSubType": sub_kind,
        "bouncedRecipients": [
            {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": said} for address in mail.recipients
        ],
        "timestamp": timestamp(),
        "feedbackId": f"0100{uuid4()}-000000",
        "reportingMTA": "dsn; sandbox.amazonses.com",
    }


def _complaint(mail: SentMail, _: MailRule | None) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": address} for address in mail.recipients],
        "timestamp": timestamp(),
        "feedbackId": f"0100{uuid4()}-000000",
        "complaintSubType": None,
        "complaintFeedbackType": "abuse",
        "arrivalDate": timestamp(),
    }


def _delay(mail: SentMail, rule: MailRule | None) -> dict[str, Any]:
    said = rule.text if rule is not None and rule.text else "smtp; 421 4.4.7 Unable to deliver message"
    return {
        "timestamp": timestamp(),
        "delayType": "TransientCommunicationFailure",
        "delayedRecipients": [
            {"emailAddress": address, "status": "4.4.7", "diagnosticCode": said} for address in mail.recipients
        ],
    }


def _delivery(mail: SentMail, _: MailRule | None) -> dict[str, Any]:
    return {
        "timestamp": timestamp(),
        "processingTimeMillis": 546,
        "recipients": list(mail.recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "sandbox.amazonses.com",
    }


def _open(_: SentMail, __: MailRule | None) -> dict[str, Any]:
    return {"ipAddress": "203.0.113.7", "timestamp": timestamp(), "userAgent": "Mozilla/5.0"}


def _subscription(_: SentMail, __: MailRule | None) -> dict[str, Any]:
    return {
        "contactList": "sandbox",
        "timestamp": timestamp(),
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
    }


def _nothing(_: SentMail, __: MailRule | None) -> dict[str, Any]:
    return {}


_PARTS: dict[str, Callable[[SentMail, MailRule | None], dict[str, Any]]] = {
    "Send": _nothing,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Open": _open,
    "Subscription": _subscription,
}
