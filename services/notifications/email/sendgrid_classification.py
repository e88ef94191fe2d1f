"""What SendGrid's answers mean (v3 Mail Send; reference 2.1 and 2.9, twilio.com/docs/sendgrid/api-reference/mail-send/errors)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.notifications.providers.answers import Verdict
from shared.runtime.outside.http_api import Reply, capped_s, retry_after_s

ACCEPTED: Final = 202

BY_STATUS: Final[Mapping[int, Verdict]] = {
    400: Verdict.BAD_CONTENT,
    401: Verdict.CONFIG,
    402: Verdict.CONFIG,
    403: Verdict.CONFIG,
    404: Verdict.CONFIG,
    405: Verdict.CONFIG,
    406: Verdict.CONFIG,
    408: Verdict.TRANSIENT,
    413: Verdict.BAD_CONTENT,
    415: Verdict.CONFIG,
    429: Verdict.THROTTLED,
}
"""404 to 406 and 415 are about the address or the way of asking, which are the same for every mail: not one of them may be
lost to a wrong setting. Every 5xx is transient, every other 4xx the mail's."""

STATUS_OF_MESSAGE: Final[Mapping[str, int]] = {
    "authorization required": 401,
    "access forbidden": 403,
    "not found": 404,
    "method not allowed": 405,
    "content too large": 413,
    "too many requests": 429,
    "internal server error": 500,
}
"""The messages of the published specification, for errors inside an answer whose status says that all is well."""

_BY_FIELD: Final = (
    (re.compile(r"from(\..+)?"), Verdict.CONFIG),
    (re.compile(r"personalizations\.\d+\.to(\.\d+(\.email)?)?"), Verdict.BAD_RECIPIENT),
)
"""What the field of a 400 says beyond its status: our sender is wrong for every mail, an address that is refused never works."""
_INDEX: Final = re.compile(r"personalizations\.(\d+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of `errors`. field: which part of the request it is about, such as `personalizations.3.to`."""

    message: str
    field: str | None = None

    @property
    def index(self) -> int | None:
        """Which personalization it is about, from 0."""
        found = _INDEX.match(self.field or "")
        return int(found[1]) if found else None

    @property
    def is_senders(self) -> bool:
        return _by_field(self) is Verdict.CONFIG


@dataclass(frozen=True, slots=True)
class Refused:
    """A reply that is no acceptance. status: 200 and 202 only where the body does not say what is wrong."""

    status: int
    complaints: tuple[Complaint, ...]

    @property
    def detail(self) -> str:
        said = "; ".join(": ".join(part for part in (one.field, one.message) if part) for one in self.complaints)
        return said or f"status {self.status} without a reason"


@dataclass(frozen=True, slots=True)
class Rate:
    """What the rate headers say. reset_s: until the next window; None where the header is missing."""

    remaining: int | None
    reset_s: float | None


def refused(reply: Reply) -> Refused | None:
    """Why a reply is no acceptance; None for a 202 without a word.

    A 200 is none: it answers a request in sandbox mode, which is not queued. Errors in a body outweigh the status before it.
    """
    complaints = _complaints(reply.members.get("errors"))
    status = reply.status
    if status == ACCEPTED and reply.is_empty:
        return None
    if 200 <= status < 300 and complaints:
        told = [STATUS_OF_MESSAGE[one.message.lower()] for one in complaints if one.message.lower() in STATUS_OF_MESSAGE]
        status = told[0] if told else 400
    elif status == ACCEPTED and reply.body in ({}, {"errors": []}):
        return None
    return Refused(status, complaints)


def classify(status: int, complaints: Sequence[Complaint]) -> Verdict:
    """The verdict on one mail that was refused with these complaints, all of which are about it."""
    if 200 <= status < 300:
        return Verdict.UNKNOWN
    if status == 400:
        named = {verdict for one in complaints if (verdict := _by_field(one)) is not None}
        for verdict in (Verdict.CONFIG, Verdict.BAD_RECIPIENT):
            if verdict in named:
                return verdict
    if status < 400:
        return Verdict.CONFIG
    return BY_STATUS.get(status) or (Verdict.TRANSIENT if status >= 500 else Verdict.BAD_CONTENT)


def rate(reply: Reply, now: datetime) -> Rate:
    """X-RateLimit-Remaining, and X-RateLimit-Reset (seconds since 1970) as seconds from now."""
    remaining, reset = _number(reply, "X-RateLimit-Remaining"), _number(reply, "X-RateLimit-Reset")
    return Rate(remaining, capped_s(reset - now.timestamp()) if reset is not None else None)


def wait_s(reply: Reply, now: datetime) -> float | None:
    """How long a reply wants us to wait: Retry-After, or until the window of a 429 ends; the longer one."""
    said = [retry_after_s(reply.headers, now), rate(reply, now).reset_s if reply.status == 429 else None]
    return max((one for one in said if one is not None), default=None)


def _by_field(complaint: Complaint) -> Verdict | None:
    return next((verdict for pattern, verdict in _BY_FIELD if pattern.fullmatch(complaint.field or "")), None)


def _complaints(errors: Any) -> tuple[Complaint, ...]:
    if not isinstance(errors, list):
        return ()
    return tuple(Complaint(str(one.get("message")), _text(one.get("field"))) for one in errors if isinstance(one, dict))


def _text(value: Any) -> str | None:
    # Their examples write the missing field as null and as the word.
    return value if isinstance(value, str) and value not in ("", "null") else None


def _number(reply: Reply, name: str) -> int | None:
    value = reply.headers.get(name, "").strip()
    return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None
