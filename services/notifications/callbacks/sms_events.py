"""What Twilio's status call-backs and messages to us, and MSG91's delivery reports say."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.callbacks.facts import Content, Fact, Word, code_of, id_of, plain, text_of
from services.notifications.sms.msg91_codes import fate_of_report
from services.notifications.sms.twilio_codes import fate_of

_INDIA: Final = ZoneInfo("Asia/Kolkata")
# Twilio's own words: twilio.com/docs/messaging/tutorials/advanced-opt-out.
_STOP: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START: Final = frozenset({"START", "YES", "UNSTOP"})
_REFERENCE: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{1,9})", re.IGNORECASE)


def read_twilio(params: Mapping[str, Any]) -> Content | None:
    """A status of one of our messages, or what somebody has answered; None for what says nothing to us."""
    status = text_of(params.get("MessageStatus")) or text_of(params.get("SmsStatus"))
    if status is None:
        return None
    if status in ("received", "receiving"):
        return _word(params)
    code = code_of(params.get("ErrorCode"))
    told = fate_of(status, int(code) if code is not None and code.isascii() and code.isdecimal() else None)
    return Fact(
        told=told,
        channel="sms",
        delivery_id=id_of(params.get("ref")),
        message_id=text_of(params.get("MessageSid")) or text_of(params.get("SmsSid")),
        recipient=text_of(params.get("To")),
        code=code,
        detail=plain(params.get("ErrorMessage")),
    )


def _word(params: Mapping[str, Any]) -> Word | None:
    number = text_of(params.get("From"))
    said = text_of(params.get("OptOutType")) or str(params.get("Body") or "")
    word = said.strip().upper()
    if number is None or not number.startswith("+") or word not in _STOP | _START:
        return None
    return Word(number, is_stop=word in _STOP)


def read_msg91(report: Mapping[str, Any]) -> Fact | None:
    """A delivery report of one recipient; None for what is none."""
    status = code_of(report.get("status"))
    if status is None:
        return None
    reason = report.get("failedReason") or report.get("desc")
    words = reason if isinstance(reason, str) else ""
    number = text_of(report.get("number")) or code_of(report.get("number"))
    delivery_id, attempt = _reference(report.get("CRQID"))
    return Fact(
        told=fate_of_report(status, promo=False, reason=words),
        if_marketing=fate_of_report(status, promo=True, reason=words),
        channel="sms",
        delivery_id=delivery_id,
        message_id=text_of(report.get("requestId")),
        recipient=number,
        occurred_at=_indian_moment(report.get("date")),
        code=status,
        detail=plain(words),
        attempt=attempt,
        cost=report.get("amount"),
    )


def _reference(value: Any) -> tuple[UUID, int] | tuple[None, None]:
    """Delivery and attempt, as our CRQID names them."""
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return (UUID(hex=match[1]), int(match[2])) if match else (None, None)


def _indian_moment(value: Any) -> datetime | None:
    """MSG91 writes the time of India and does not say so."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None:
            return None
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=_INDIA)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
