"""SendGrid's answers: errors as `{"errors": [...]}`, and the headers of its rate limit."""

import time
from collections.abc import Sequence

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from deploy.sandbox.mailbox.rules import MailRule

WINDOW_S = 60
REQUESTS_A_WINDOW = 100_000
_MESSAGES = {
    400: "Bad Request",
    401: "authorization required",
    403: "access forbidden",
    404: "not found",
    405: "method not allowed",
    413: "content too large",
    429: "too many requests",
    500: "internal server error",
}


class RateWindow:
    """Counts requests in windows of a minute. No figures are published; the limit here is one that nothing reaches."""

    def __init__(self) -> None:
        self._window = 0
        self._used = 0

    def headers(self) -> dict[str, str]:
        """Those of the next request's answer."""
        window = int(time.time()) // WINDOW_S
        self._used = self._used + 1 if window == self._window else 1
        self._window = window
        return rate_headers(max(0, REQUESTS_A_WINDOW - self._used), (window + 1) * WINDOW_S)


def rate_headers(remaining: int, reset: int) -> dict[str, str]:
    """reset: seconds since the epoch."""
    return {
        "X-RateLimit-Limit": str(REQUESTS_A_WINDOW),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset),
    }


def error(status: int, message: str, field: str | None = None) -> JSONResponse:
    """One error."""
    return JSONResponse({"errors": [{"message": message, "field": field, "help": None}]}, status)


def invalid(wrong: ValidationError) -> JSONResponse:
    """What a request's shape is refused for, field by field."""
    errors = [
        {
            "message": one["msg"].removeprefix("Value error, "),
            "field": ".".join(str(part) for part in one["loc"]) or None,
            "help": None,
        }
        for one in wrong.errors(include_input=False)
    ]
    return JSONResponse({"errors": errors}, 400)


def refusal(rule: MailRule, addresses: Sequence[str], rate: RateWindow) -> Response:
    """The answer that a rule wants. A 400 of a rule that is not about everybody names the personalizations that it strikes."""
    if rule.action == "rate_limit":
        answer = error(429, "too many requests")
        answer.headers.update(rate_headers(0, int(time.time() + (rule.seconds if rule.seconds is not None else 1)) + 1))
        return answer
    status = rule.status or 200
    message = rule.text or _MESSAGES.get(status, "Bad Request")
    if status == 400 and rule.match != "*":
        struck = set(rule.matches(addresses))
        fields = [f"personalizations.{index}.{rule.code or 'to'}" for index, one in enumerate(addresses) if one in struck]
        said = rule.text or "Does not contain a valid address."
        return JSONResponse({"errors": [{"message": said, "field": field, "help": None} for field in fields]}, status)
    answer = error(status, message, rule.code)
    answer.headers.update(rate.headers())
    return answer
