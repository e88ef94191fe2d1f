"""Errors as types with a status and a stable code.

    ServiceError                 anything that a service says no with
    ├── Invalid (422)            the request is well-formed but cannot be meant
    ├── NotFound (404)
    ├── Conflict (409)           the state does not allow it
    ├── Unauthenticated (401)
    ├── Forbidden (403)
    ├── PreconditionFailed (412) If-Match names another version
    ├── PreconditionRequired (428)
    ├── TooManyRequests (429)
    ├── Unavailable (503)
    ├── Transient                trying again later can heal it
    ├── Permanent                trying again cannot heal it
    └── Dropped                  pointless by now; not an error, the message is done with

A noun's `errors.py` subclasses these. Only the runtime maps Transient, Permanent and Dropped to what
happens to a message, and only the HTTP edge maps a status to a response.
"""

from typing import Any, ClassVar, Final

MEMBERS: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "correlation_id"})
"""What every problem document has of its own (RFC 9457), and no refusal may replace."""


class ServiceError(Exception):
    """A refusal with a status, a stable code, what was wrong and how to mend it.

    detail: a sentence for the person who reads the response or the log, without personal data.
    extra: members added to the problem document; JSON values. Raises ValueError for a name that the document has already.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        if replaced := MEMBERS & extra.keys():
            raise ValueError(f"{', '.join(sorted(replaced))} is a member of every problem; name yours otherwise")
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


class Invalid(ServiceError):
    status, code, title = 422, "invalid", "The request cannot be carried out as written"


class NotFound(ServiceError):
    status, code, title = 404, "not_found", "Not found"


class Conflict(ServiceError):
    status, code, title = 409, "conflict", "The current state does not allow this"


class Unauthenticated(ServiceError):
    status, code, title = 401, "unauthenticated", "Authentication is missing or not valid"


class Forbidden(ServiceError):
    status, code, title = 403, "forbidden", "Not allowed"


class PreconditionFailed(ServiceError):
    status, code, title = 412, "precondition_failed", "The resource has changed"


class PreconditionRequired(ServiceError):
    status, code, title = 428, "precondition_required", "If-Match is required"


class TooManyRequests(ServiceError):
    status, code, title = 429, "too_many_requests", "Too many requests"


class Unavailable(ServiceError):
    status, code, title = 503, "unavailable", "Temporarily unavailable"


class Transient(ServiceError):
    """Trying again can heal it. `retry_after_s` is a lower bound, from the provider where it names one."""

    status, code, title = 503, "transient", "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after_s: float = 0.0, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after_s = retry_after_s


class Permanent(ServiceError):
    """Trying again cannot heal it."""

    status, code, title = 422, "permanent", "This cannot be carried out"


class Dropped(ServiceError):
    """What was asked for is pointless by now."""

    status, code, title = 409, "dropped", "No longer needed"


def first_line(error: BaseException) -> str:
    """What an error says, for a log: without the further lines, which may hold statements and values, and never empty."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
