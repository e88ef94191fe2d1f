"""What each event means: one case per row of the reference's tables (2.1 to 2.5, 2.9, 2.11)."""

from typing import Any

import pytest

from services.notifications.callbacks import sendgrid_events, ses_events, sms_events
from services.notifications.callbacks.bounce_status import told_of
from services.notifications.callbacks.facts import Fact, Word
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict

HARD = ("bounced_hard", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)
SOFT = ("bounced_soft", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT)
BLOCKED = ("blocked", Receipt.BLOCKED, Verdict.BLOCKED)
CONTENT = ("blocked", Receipt.BLOCKED, Verdict.BAD_CONTENT)
COMPLAINED = ("complained", Receipt.COMPLAINED, Verdict.COMPLAINED)

SENDGRID: list[tuple[dict[str, Any], Any]] = [
    ({"event": "processed"}, ("processed", Receipt.PROCESSED, None)),
    ({"event": "deferred", "response": "421 later"}, ("deferred", Receipt.DEFERRED, None)),
    ({"event": "delivered"}, ("delivered", Receipt.DELIVERED, None)),
    ({"event": "open"}, ("opened", None, None)),
    ({"event": "open", "sg_machine_open": True}, ("opened_by_machine", None, None)),
    ({"event": "click"}, ("clicked", None, None)),
    ({"event": "spamreport"}, COMPLAINED),
    ({"event": "unsubscribe"}, ("unsubscribed", None, Verdict.OPTED_OUT)),
    ({"event": "group_unsubscribe"}, ("unsubscribed", None, Verdict.OPTED_OUT)),
    ({"event": "group_resubscribe"}, ("resubscribed", None, None)),
    ({"event": "bounce", "type": "blocked", "bounce_classification": "Reputation", "status": "4.7.0"}, BLOCKED),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}, HARD),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Mailbox Unavailable", "status": "5.2.2"}, SOFT),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Technical Failure"}, SOFT),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"}, BLOCKED),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Frequency or Volume Too High"}, BLOCKED),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Content"}, BLOCKED),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Unclassified", "status": "5.1.1"}, HARD),
    ({"event": "bounce", "type": "bounce", "bounce_classification": "Unclassified", "status": "5.2.2"}, SOFT),
    ({"event": "bounce", "type": "bounce", "status": "4.2.1"}, SOFT),
    ({"event": "bounce", "type": "bounce", "status": "5.7.1"}, BLOCKED),
    ({"event": "bounce", "type": "bounce"}, HARD),
    ({"event": "dropped", "reason": "Bounced Address"}, ("suppressed_by_provider", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)),
    ({"event": "dropped", "reason": "Invalid"}, ("suppressed_by_provider", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)),
    ({"event": "dropped", "reason": "Unsubscribed Address"}, ("suppressed_by_provider", Receipt.SUPPRESSED, Verdict.OPTED_OUT)),
    (
        {"event": "dropped", "reason": "Spam Reporting Address"},
        ("suppressed_by_provider", Receipt.SUPPRESSED, Verdict.COMPLAINED),
    ),
    ({"event": "dropped", "reason": "Spam Content"}, ("suppressed_by_provider", Receipt.BLOCKED, Verdict.BLOCKED)),
]


@pytest.mark.parametrize(("event", "told"), SENDGRID)
def test_sendgrid_event(event: dict[str, Any], told: Any) -> None:
    fact = sendgrid_events.read_event({"email": "a@x.in", "timestamp": 1763600000, "sg_message_id": "XID.recvd-1", **event})

    assert fact is not None
    assert (tuple(fact.told), fact.message_id, fact.recipient) == (told, "XID", "a@x.in")


@pytest.mark.parametrize("event", [{}, {"event": "account_status_change"}, {"event": 7}, {"event": None}])
def test_sendgrid_event_that_says_nothing_to_us(event: dict[str, Any]) -> None:
    assert sendgrid_events.read_event(event) is None


def bounce(kind: str, subtype: str = "General", status: str = "5.1.1") -> dict[str, Any]:
    recipients = [{"emailAddress": "a@x.in", "action": "failed", "status": status, "diagnosticCode": "smtp; 550 a@x.in"}]
    return {"bounce": {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": recipients}}


A_LIST = [{"emailAddress": "a@x.in"}]
SES: list[tuple[str, dict[str, Any], Any]] = [
    ("Send", {"send": {}}, ("processed", Receipt.PROCESSED, None)),
    ("Delivery", {"delivery": {"recipients": ["a@x.in"], "smtpResponse": "250 ok"}}, ("delivered", Receipt.DELIVERED, None)),
    ("DeliveryDelay", {"deliveryDelay": {"delayedRecipients": A_LIST}}, ("deferred", Receipt.DEFERRED, None)),
    ("Bounce", bounce("Permanent"), HARD),
    ("Bounce", bounce("Permanent", "NoEmail"), HARD),
    ("Bounce", bounce("Permanent", "Suppressed"), HARD),
    ("Bounce", bounce("Permanent", "OnAccountSuppressionList"), ("suppressed_by_provider", Receipt.SUPPRESSED, None)),
    ("Bounce", bounce("Transient", "MailboxFull", "4.2.2"), SOFT),
    ("Bounce", bounce("Transient", "General", "5.4.4"), HARD),
    ("Bounce", bounce("Transient", "MessageTooLarge", "5.3.4"), CONTENT),
    ("Bounce", bounce("Transient", "ContentRejected", "5.7.1"), BLOCKED),
    ("Bounce", bounce("Transient", "AttachmentRejected", "5.7.1"), CONTENT),
    ("Bounce", bounce("Undetermined", "Undetermined", "4.0.0"), SOFT),
    ("Complaint", {"complaint": {"complainedRecipients": A_LIST, "complaintFeedbackType": "abuse"}}, COMPLAINED),
    ("Complaint", {"complaint": {"complainedRecipients": A_LIST}}, COMPLAINED),
    (
        "Complaint",
        {"complaint": {"complainedRecipients": A_LIST, "complaintFeedbackType": "not-spam"}},
        ("not_spam", None, None),
    ),
    ("Reject", {"reject": {"reason": "Bad content"}}, CONTENT),
    ("Rendering Failure", {"failure": {"errorMessage": "no such variable"}}, CONTENT),
    ("Open", {"open": {}}, ("opened", None, None)),
    ("Click", {"click": {}}, ("clicked", None, None)),
    (
        "Subscription",
        {"subscription": {"newTopicPreferences": {"unsubscribeAll": True}}},
        ("unsubscribed", None, Verdict.OPTED_OUT),
    ),
]


@pytest.mark.parametrize("key", ["eventType", "notificationType"])
@pytest.mark.parametrize(("kind", "part", "told"), SES)
def test_ses_event_in_both_of_its_forms(key: str, kind: str, part: dict[str, Any], told: Any) -> None:
    mail = {"messageId": "MID", "destination": ["other@x.in"], "tags": {"ref": ["019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77"]}}
    [fact] = ses_events.read_event({key: kind, **part, "mail": mail})

    assert (tuple(fact.told), fact.message_id) == (told, "MID")
    assert str(fact.delivery_id) == "019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77"
    assert fact.recipient in ("a@x.in", None)
    assert "a@x.in" not in (fact.detail or "")


@pytest.mark.parametrize("event", [{}, {"eventType": "Bounce"}, {"eventType": "Bounce", "bounce": {"bouncedRecipients": ["x"]}}])
def test_ses_event_that_says_nothing_to_us(event: dict[str, Any]) -> None:
    assert ses_events.read_event(event) == []


STATUSES = [
    ("5.1.1", "", HARD),
    ("5.1.2", "", HARD),
    ("5.1.6", "", HARD),
    ("5.2.1", "", HARD),
    ("5.2.1", "550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents", SOFT),
    ("5.2.2", "", SOFT),
    ("4.2.2", "", SOFT),
    ("4.4.7", "", SOFT),
    ("5.4.4", "", HARD),
    ("5.4.1", "", HARD),
    ("5.4.7", "", SOFT),
    ("5.3.0", "550 5.3.0 User unknown", HARD),
    ("5.3.0", "550 system problem", SOFT),
    ("5.3.4", "", CONTENT),
    ("5.5.0", "550 5.5.0 Requested action not taken", SOFT),
    ("5.6.1", "", CONTENT),
    ("5.6.7", "553 5.6.7 this address needs SMTPUTF8", ("blocked", Receipt.BLOCKED, None)),
    ("5.7.1", "", BLOCKED),
    ("5.1.8", "", ("blocked", Receipt.BLOCKED, Verdict.CONFIG)),
    ("5.0.0", "550 5.1.1 no such user", HARD),
    ("5.0.0", "552 5.2.2 over quota", SOFT),
    ("5.0.0", "550 mailbox unavailable (IP blocked, see policy)", BLOCKED),
    ("5.5.0", "550 5.5.0 mailbox unavailable", HARD),
    ("5.5.0", "550 5.5.0 mailbox unavailable: 192.0.2.1 is on our block list", BLOCKED),
    (None, "550 No such user", HARD),
    (None, "550 User quota exceeded", SOFT),
    (None, "552 mailbox full", SOFT),
    (None, "451 try later", SOFT),
    (None, "something went wrong", SOFT),
    ("hello", "", SOFT),
]


@pytest.mark.parametrize(("status", "text", "told"), STATUSES)
def test_bounce_by_its_status_and_words(status: str | None, text: str, told: Any) -> None:
    assert tuple(told_of(status, text)) == told


TWILIO: list[tuple[dict[str, str], Any]] = [
    ({"MessageStatus": "queued"}, ("queued", Receipt.PROCESSED, None)),
    ({"MessageStatus": "sent"}, ("sent", Receipt.PROCESSED, None)),
    ({"MessageStatus": "delivered"}, ("delivered", Receipt.DELIVERED, None)),
    ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, ("undelivered", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT)),
    ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, ("undelivered", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)),
    ({"MessageStatus": "undelivered", "ErrorCode": "30007"}, ("undelivered", Receipt.BLOCKED, Verdict.BLOCKED)),
    ({"MessageStatus": "failed", "ErrorCode": "21610"}, ("failed", Receipt.SUPPRESSED, Verdict.OPTED_OUT)),
    ({"MessageStatus": "failed", "ErrorCode": "what"}, ("failed", Receipt.BOUNCED_SOFT, None)),
]


@pytest.mark.parametrize(("params", "told"), TWILIO)
def test_twilio_state(params: dict[str, str], told: Any) -> None:
    fact = sms_events.read_twilio({"MessageSid": "SM1", "To": "+919812345678", "ref": None, **params})

    assert isinstance(fact, Fact)
    assert (tuple(fact.told), fact.message_id, fact.recipient) == (told, "SM1", "+919812345678")


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"OptOutType": "STOP", "Body": "no more"}, Word("+919812345678", is_stop=True)),
        ({"Body": " stop "}, Word("+919812345678", is_stop=True)),
        ({"OptOutType": "START"}, Word("+919812345678", is_stop=False)),
        ({"Body": "UNSTOP"}, Word("+919812345678", is_stop=False)),
        ({"OptOutType": "HELP", "Body": "HELP"}, None),
        ({"Body": "please stop sending"}, None),
    ],
)
def test_twilio_answer_is_a_word_of_its_own_or_nothing(params: dict[str, str], word: Word | None) -> None:
    assert sms_events.read_twilio({"SmsStatus": "received", "From": "+919812345678", **params}) == word


MSG91 = [
    ("1", ("delivered", Receipt.DELIVERED, None)),
    ("2", ("failed", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT)),
    ("9", ("do_not_disturb", Receipt.SUPPRESSED, None)),
    ("16", ("rejected", Receipt.BLOCKED, Verdict.BLOCKED)),
    ("17", ("blocked_number", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)),
    ("25", ("rejected", Receipt.BLOCKED, Verdict.BLOCKED)),
]


@pytest.mark.parametrize(("status", "told"), MSG91)
def test_msg91_report_in_indian_time(status: str, told: Any) -> None:
    report = {"requestId": "3462", "number": "919812345678", "status": status, "date": "2026-11-21 10:06:20"}
    fact = sms_events.read_msg91({**report, "CRQID": "019a9f5e7d107c558f002b1e4c9d3a77.2"})

    assert fact is not None
    assert (tuple(fact.told), str(fact.delivery_id)) == (told, "019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77")
    assert fact.occurred_at is not None
    assert fact.occurred_at.isoformat() == "2026-11-21T04:36:20+00:00"


def test_do_not_disturb_is_about_marketing_alone() -> None:
    fact = sms_events.read_msg91({"requestId": "3462", "number": "919812345678", "status": "9"})

    assert fact is not None
    assert fact.if_marketing == ("do_not_disturb", Receipt.SUPPRESSED, Verdict.DO_NOT_CALL)
