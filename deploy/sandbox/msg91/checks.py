"""Whether a request is one that MSG91 documents (msg91.com/help/api, its flow API)."""

import json
import re
from typing import Any

MAX_RECIPIENTS = 100
_TEMPLATE = re.compile(r"[A-Za-z0-9_-]{3,64}")
_SENDER = re.compile(r"[A-Za-z0-9-]{3,13}")
_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_REFERENCE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_VARIABLE = re.compile(r"[A-Za-z0-9_]{1,40}")
_KNOWN = {"template_id", "short_url", "short_url_expiry", "realTimeResponse", "sender", "recipients"}


class Refusal(Exception):
    """An error as MSG91 says it. code: as text, as MSG91 writes it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def flow_of(content_type: str, raw: bytes) -> dict[str, Any]:
    """The request's body. Raises Refusal for what is not as documented; stricter than MSG91 with what it does not know."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400, "400", "send application/json")
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "400", "invalid JSON") from None
    if not isinstance(body, dict) or set(body) - _KNOWN:
        raise Refusal(400, "400", "the body holds fields that the stand-in does not know")
    if not isinstance(body.get("template_id"), str) or not _TEMPLATE.fullmatch(body["template_id"]):
        raise Refusal(400, "400", "template id missing or invalid template")
    if "sender" in body and not (isinstance(body["sender"], str) and _SENDER.fullmatch(body["sender"])):
        raise Refusal(400, "203", "Invalid sender ID")
    if body.get("short_url", "0") not in ("0", "1") or body.get("realTimeResponse", "1") != "1":
        raise Refusal(400, "400", "short_url is 0 or 1, realTimeResponse is 1")
    recipients = body.get("recipients")
    if not isinstance(recipients, list) or not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise Refusal(400, "400", f"recipients must be a list of 1 to {MAX_RECIPIENTS}")
    for recipient in recipients:
        _check_recipient(recipient)
    return body


def _check_recipient(recipient: Any) -> None:
    if not isinstance(recipient, dict) or not all(isinstance(value, str) for value in recipient.values()):
        raise Refusal(400, "400", "a recipient is an object of texts")
    if not recipient.get("mobiles"):
        raise Refusal(400, "101", "Missing mobile no.")
    if not _NUMBER.fullmatch(recipient["mobiles"]):
        raise Refusal(400, "202", f"Invalid mobile number {recipient['mobiles']}")
    if "CRQID" in recipient and not _REFERENCE.fullmatch(recipient["CRQID"]):
        raise Refusal(400, "400", "CRQID has at most 80 of A-Z, a-z, 0-9, _, . and -")
    if not all(_VARIABLE.fullmatch(name) for name in recipient):
        raise Refusal(400, "400", "a variable's name has letters, digits and _")
