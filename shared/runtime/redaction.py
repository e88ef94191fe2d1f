"""Takes personal data and secrets out of log lines: by the name of a field, and by the look of a value.

Patterns: e-mail addresses, phone numbers in E.164 (a leading plus), bearer tokens, JWTs (RFC 7519), our API keys,
passwords inside URLs, card numbers (ISO/IEC 7812: 13 to 19 digits with a valid Luhn sum), and the values in PostgreSQL's
details. A field is meant to hold an id; this is the net under people who forget, not a licence to log what it may catch.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

REDACTED: Final = "[redacted]"
_MAX_DEPTH: Final = 6

SECRET_FIELDS: Final = frozenset({
    "address", "api_key", "apikey", "authorization", "body", "body_html", "card_number", "client_secret", "context",
    "cookie", "credential", "credentials", "cvv", "database_url", "email", "first_name", "from_email", "full_name",
    "jwt", "kwargs", "last_name", "passwd", "password", "phone", "phone_number", "private_key", "recipient",
    "redis_url", "secret", "set_cookie", "signature", "subject_line", "to_email", "to_name", "to_phone", "token",
    "x_api_key",
})  # fmt: skip
"""Field names, in lower case with underscores, whose value is never shown."""

_SECRET_ENDINGS: Final = ("_password", "_secret", "_token", "_email", "_phone", "_api_key", "_private_key")


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(character) for character in match[0] if character.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(reversed(digits))]
    return "[card]" if sum(doubled) % 10 == 0 else match[0]


_PATTERNS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    # PostgreSQL quotes the row that it could not keep.
    (re.compile(r"(?ms)^([ |]*DETAIL: +(?:Failing row contains|Key)\b).*?(?=\n\[SQL|\nHINT:|\n *\n|\Z)"), r"\1 [values]"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\b(wb_[a-z0-9]+)_[A-Za-z0-9]{16,}"), r"\1_[secret]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [token]"),
    (re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@"), r"\1:[password]@"),
    (re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), "[email]"),
    (re.compile(r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)"), "[phone]"),
    (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), _mask_card),
)
# Most values are short ids; one look tells whether any pattern can match at all.
_SUSPICIOUS: Final = re.compile(r"@|DETAIL:|\+\d|\beyJ|wb_|(?i:bearer|basic)\s|\d(?:[ -]?\d){12}")


def redact_text(text: str) -> str:
    """`text` without anything that looks personal or secret."""
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor."""
    return {key: _redacted(key, value, 0) for key, value in event.items()}


def _redacted(key: str, value: Any, depth: int) -> Any:
    if is_secret_name(key) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping) and depth < _MAX_DEPTH:
        return {inner: _redacted(str(inner), item, depth + 1) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _MAX_DEPTH:
        return [_redacted("", item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    # Anything else is rendered as text, and that text may hold what a pattern finds.
    return redact_text(str(value))


def is_secret_name(key: str) -> bool:
    """Whether the value of a field or a path parameter of this name is never shown."""
    name = key.lower().replace("-", "_")
    return name in SECRET_FIELDS or name.endswith(_SECRET_ENDINGS)
