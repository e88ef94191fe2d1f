"""What a bounce means: by its enhanced status code (RFC 3463), then by its SMTP reply, as it is in answers of servers."""

import re
from typing import Final

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.email.smtp_classification import Stage, by_words, classify
from services.notifications.providers.answers import ASCII_ALONE, Verdict
from services.notifications.sms.told import Told

HARD: Final = Told("bounced_hard", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT)
SOFT: Final = Told("bounced_soft", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT)
BLOCKED: Final = Told("blocked", Receipt.BLOCKED, Verdict.BLOCKED)
NOT_TAKEN: Final = Told("blocked", Receipt.BLOCKED, None)
"""For an address that the server cannot carry, which is nobody's fault: ASCII_ALONE."""

_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_VAGUE: Final = frozenset({"3", "5"})
"""Subjects of permanent codes that servers use for anything: the words decide, and else they count as a soft bounce."""
_ROUTES_THAT_ARE_NONE: Final = frozenset({"5.4.1", "5.4.4", "5.4.310"})
"""Exchange's word for an unknown recipient, a domain without a host, and Exchange's word for one without DNS."""


def told_of(status: str | None, text: str = "", *, otherwise: Told = SOFT) -> Told:
    """What a message that could not be delivered says of its recipient.

    status: `5.1.1`, where the report has a field for it. text: the server's words, which may begin with a code of their own.
    otherwise: what follows where neither has a code.
    """
    found = _STATUS.fullmatch(status.strip()) if status else None
    # Of a generic code such as 5.0.0 the words know more.
    if found is None or (found[2], found[3]) == ("0", "0"):
        found = _STATUS.search(text) or found
    if found is not None:
        return _by_status(found[1], found[2], found[3], text)
    reply = _REPLY.search(text)
    if reply is not None:
        return SOFT if reply[1][0] == "4" else _of(classify(Stage.RCPT, int(reply[1]), text[reply.end() :].lstrip(" -#")))
    return otherwise


def _by_status(klass: str, subject: str, detail: str, text: str) -> Told:
    if klass != "5":
        return SOFT
    if f"{klass}.{subject}.{detail}" == ASCII_ALONE:
        return NOT_TAKEN
    words = by_words(text) if subject in _VAGUE else None
    if f"5.{subject}.{detail}" in _ROUTES_THAT_ARE_NONE or words is Verdict.BAD_RECIPIENT:
        return HARD
    if words is Verdict.BLOCKED:
        return BLOCKED
    if (subject == "4" or subject in _VAGUE) and (subject, detail) != ("3", "4"):
        return SOFT
    return _of(classify(Stage.RCPT, 550, f"5.{subject}.{detail} {text}"))


def _of(verdict: Verdict) -> Told:
    match verdict:
        case Verdict.BAD_RECIPIENT:
            return HARD
        case Verdict.BLOCKED | Verdict.BAD_CONTENT | Verdict.CONFIG:
            return Told("blocked", Receipt.BLOCKED, verdict)
        case _:
            return SOFT
