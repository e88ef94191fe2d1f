"""Whether a request is one that Twilio documents (twilio.com/docs/messaging/api/message-resource#create-a-message-resource)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

MAX_BODY_CHARS = 1600
MAX_VALIDITY_S = 36_000
FORM = "application/x-www-form-urlencoded"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_KNOWN = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "SmartEncoded", "Attempt"}


class Refusal(Exception):
    """An error as Twilio says it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def form_of(content_type: str, raw: bytes) -> dict[str, str]:
    """The fields of a request's body. Raises Refusal."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise Refusal(415, 20415, f"Unsupported media type; send {FORM}")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict")
    except ValueError:
        raise Refusal(400, 20001, "The body is not a form in percent-encoding") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Refusal(400, 20001, "A field comes twice")
    return fields


def check(fields: Mapping[str, str]) -> None:
    """Raises Refusal for what is not as documented. Stricter than Twilio, which overlooks fields that it does not know."""
    unknown = sorted(set(fields) - _KNOWN)
    if unknown:
        raise Refusal(400, 20001, f"The stand-in does not know: {', '.join(unknown)}")
    if not fields.get("To"):
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(fields["To"]):
        raise Refusal(400, 21211, f"The 'To' number {fields['To']} is not a valid phone number.")
    _check_sender(fields)
    if not fields.get("Body"):
        raise Refusal(400, 21602, "Message body is required.")
    if len(fields["Body"]) > MAX_BODY_CHARS:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    _check_options(fields)


def _check_sender(fields: Mapping[str, str]) -> None:
    sender, service = fields.get("From"), fields.get("MessagingServiceSid")
    if sender is None and service is None:
        raise Refusal(400, 21603, "A 'From' phone number or a MessagingServiceSid is required.")
    if sender is not None and not _SENDER.fullmatch(sender):
        raise Refusal(400, 21212, f"The 'From' number {sender} is not a valid phone number, shortcode or sender ID.")
    if service is not None and not _SERVICE.fullmatch(service):
        raise Refusal(400, 21701, "The Messaging Service does not exist.")


def _check_options(fields: Mapping[str, str]) -> None:
    callback = fields.get("StatusCallback")
    if callback is not None:
        url = urlsplit(callback)
        if url.scheme not in ("http", "https") or not url.hostname or "_" in url.hostname:
            raise Refusal(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
    period = fields.get("ValidityPeriod", "1")
    if not re.fullmatch(r"[0-9]{1,5}", period) or not 1 <= int(period) <= MAX_VALIDITY_S:
        raise Refusal(400, 20001, f"ValidityPeriod must be from 1 to {MAX_VALIDITY_S}")
