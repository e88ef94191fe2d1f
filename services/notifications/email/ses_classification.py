"""What Amazon SES's answers mean (SES API v2; reference 2.2 and 2.9).

SES names an error in the header `x-amzn-ErrorType` or in the body's `__type`, sometimes with a namespace before a `#` and a URL
behind a `:`; the status alone says little, because most errors are a 400.
"""

from collections.abc import Mapping
from typing import Final

from services.notifications.providers.answers import Verdict
from shared.runtime.outside.http_api import Reply

DAILY_QUOTA_S: Final = 900.0
"""How long an account whose quota of the day is used up is left alone; the quota is counted over the last 24 hours."""
RATE_S: Final = 2.0
"""How long an account that sends too fast is left alone: its rate is counted per second, and SES names no time."""
_DAILY: Final = "daily message quota"

BY_ERROR_TYPE: Final[Mapping[str, Verdict]] = {
    "TooManyRequestsException": Verdict.THROTTLED,
    "ThrottlingException": Verdict.THROTTLED,
    "Throttling": Verdict.THROTTLED,
    "LimitExceededException": Verdict.THROTTLED,  # the quota of the day
    "AccountSuspendedException": Verdict.CONFIG,
    "SendingPausedException": Verdict.CONFIG,
    "MailFromDomainNotVerifiedException": Verdict.CONFIG,
    "NotFoundException": Verdict.CONFIG,  # a configuration set, an identity or a tenant that does not exist
    "MessageRejected": Verdict.BAD_CONTENT,
    "BadRequestException": Verdict.BAD_CONTENT,
    "ValidationException": Verdict.BAD_CONTENT,
    "SerializationException": Verdict.BAD_CONTENT,
    # The signature, the key and what it may do (docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html).
    "AccessDeniedException": Verdict.CONFIG,
    "ExpiredTokenException": Verdict.CONFIG,
    "IncompleteSignature": Verdict.CONFIG,
    "IncompleteSignatureException": Verdict.CONFIG,
    "InvalidClientTokenId": Verdict.CONFIG,
    "InvalidSignatureException": Verdict.CONFIG,
    "MissingAuthenticationToken": Verdict.CONFIG,
    "MissingAuthenticationTokenException": Verdict.CONFIG,
    "NotAuthorized": Verdict.CONFIG,
    "OptInRequired": Verdict.CONFIG,
    "RequestExpired": Verdict.CONFIG,
    "SignatureDoesNotMatch": Verdict.CONFIG,
    "UnrecognizedClientException": Verdict.CONFIG,
    "InternalFailure": Verdict.TRANSIENT,
    "InternalServerError": Verdict.TRANSIENT,
    "InternalServiceErrorException": Verdict.TRANSIENT,
    "ServiceUnavailable": Verdict.TRANSIENT,
    "ServiceUnavailableException": Verdict.TRANSIENT,
    "ConcurrentModificationException": Verdict.TRANSIENT,
}

BY_STATUS: Final[Mapping[int, Verdict]] = {
    400: Verdict.BAD_CONTENT,
    401: Verdict.CONFIG,
    403: Verdict.CONFIG,
    404: Verdict.CONFIG,
    405: Verdict.CONFIG,
    408: Verdict.TRANSIENT,
    413: Verdict.BAD_CONTENT,
    429: Verdict.THROTTLED,
}


def error_type(reply: Reply) -> str | None:
    """The name of the error, without namespace and URL; None where the reply names none."""
    name = reply.headers.get("x-amzn-ErrorType") or _member(reply, "__type")
    return name.partition(":")[0].rpartition("#")[2].strip() or None if name else None


def error_message(reply: Reply) -> str | None:
    """What SES says of the error."""
    return _member(reply, "message") or _member(reply, "Message")


def classify(status: int, error: str | None, message: str | None, sender: str) -> Verdict:
    """The verdict on a reply that is no acceptance. sender: the address in From.

    A name that is not known leaves the status to decide; a 2xx without one leaves open what became of the mail.
    """
    verdict = BY_ERROR_TYPE.get(error) if error is not None else None
    if verdict is None and 200 <= status < 300:
        return Verdict.UNKNOWN
    if verdict is None:
        verdict = BY_STATUS.get(status) or (Verdict.TRANSIENT if status >= 500 else _other(status))
    if verdict is Verdict.BAD_CONTENT and message is not None and _is_senders(message, sender):
        return Verdict.CONFIG
    return verdict


def wait_s(verdict: Verdict, error: str | None, message: str | None) -> float | None:
    """How long to leave the account alone, where the error's kind says it."""
    if verdict is not Verdict.THROTTLED:
        return None
    used_up = error == "LimitExceededException" or _DAILY in (message or "").lower()
    return DAILY_QUOTA_S if used_up else RATE_S


def _is_senders(message: str, sender: str) -> bool:
    """Whether a refusal names our own sender as not verified. SES calls this MessageRejected, as it does a bad text."""
    words = {word.strip(",.;:<>") for word in message.lower().split()}
    ours = {sender.lower(), sender.lower().rpartition("@")[2]}
    return "not verified" in message.lower() and not words.isdisjoint(ours)


def _other(status: int) -> Verdict:
    # A redirect or a method that is refused: the address in the settings is not that of SES.
    return Verdict.CONFIG if status < 400 else Verdict.BAD_CONTENT


def _member(reply: Reply, name: str) -> str | None:
    value = reply.members.get(name)
    return value if isinstance(value, str) else None
