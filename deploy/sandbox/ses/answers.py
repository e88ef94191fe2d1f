"""SES's answers: JSON with the error's name in a header (rest-json)."""

from uuid import uuid4

from fastapi import Response
from fastapi.responses import JSONResponse

from deploy.sandbox.mailbox.rules import MailRule

_STATUS = {
    "TooManyRequestsException": 429,
    "NotFoundException": 404,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "AccessDeniedException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
}
_KINDS = {400: "BadRequestException", 403: "AccessDeniedException", 404: "NotFoundException", 429: "TooManyRequestsException"}


def answer(body: object, status: int = 200) -> JSONResponse:
    """An answer with the id of the request."""
    return JSONResponse(body, status, headers={"x-amzn-RequestId": str(uuid4())})


def error(kind: str, message: str, status: int | None = None) -> JSONResponse:
    """An error by SES's name of it. The URL behind the name is as they have it."""
    response = answer({"message": message}, status or _STATUS.get(kind, 400))
    response.headers["x-amzn-ErrorType"] = f"{kind}:http://internal.amazon.com/coral/com.amazonaws.sesv2/"
    return response


def refusal(rule: MailRule) -> Response:
    """The answer that a rule wants. An error inside a 200 has its name in the body alone."""
    if rule.action == "rate_limit":
        return error("TooManyRequestsException", "Maximum sending rate exceeded.")
    kind = rule.code or _KINDS.get(rule.status or 400, "InternalFailure")
    if rule.action == "error_inside_200":
        return answer({"__type": kind, "message": rule.text or "Internal failure"})
    return error(kind, rule.text or f"The sandbox was told to answer {kind}.", rule.status)
