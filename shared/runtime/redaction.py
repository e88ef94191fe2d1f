"""Takes personal data and secrets out of log lines: by the name of a field, and by the look of a value.

Patterns: e-mail addresses, phone numbers in E.164 (a leading plus, or %2B as in forms) and those of India without it, as MSG91
writes them, bearer tokens, JWTs (RFC 7519), our API keys, passwords inside URLs, card numbers (ISO/IEC 7812: 13 to 19 digits with
a valid Luhn sum), and the values in PostgreSQL's details. A field is meant to hold an id; this is the net under people who
forget, not a licence to log what it may catch.

Where a service hashes addresses under a key, a line shows the beginning of that hash in the place of the address: whoever knows
the address finds its lines, and nobody reads it from them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from structlog.typing import EventDict, WrappedLogger

AddressHash = Callable[[str, str], str]
"""Of a channel (`email` or `sms`) and an address or a number with its plus, the hash under which the service keeps it."""

REDACTED: Final = "[redacted]"
HASH_SHOWN_CHARS: Final = 12
"""48 bits: two of a million addresses share them once in 500 such services, and a reader has the address to compare."""
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


_Replacement = str | Callable[[re.Match[str]], str]

_ATOM: Final = r"[^\s<>\"(),:;\[\]{}|=@/\\&?#*`\u2000-\u206f]"
_DOT: Final = r"[.\u3002\uff0e\uff61]"
_LABEL: Final = r"[^\s!-,./:-@\[-`{-~\u2000-\u206f\u3002\uff0e\uff61]{1,63}"
# By what cannot be in one, for the letters of many scripts are more than \w. As it stands, quoted, and as in a URL.
_EMAIL: Final = re.compile(rf'(?:"[^"\n]{{1,64}}"|{_ATOM}{{1,64}})(?:@|%40){_LABEL}(?:{_DOT}{_LABEL})+')
_PHONES: Final = (
    re.compile(r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)"),
    re.compile(r"(?i)%2b\d{7,15}(?!\w)"),
    re.compile(r"(?<![\w.+-])91[6-9]\d{9}(?!\w|-\w|\.\d)"),
)


def _patterns(email: _Replacement, phone: _Replacement) -> tuple[tuple[re.Pattern[str], _Replacement], ...]:
    return (
        # PostgreSQL quotes the row that it could not keep.
        (re.compile(r"(?ms)^([ |]*DETAIL: +(?:Failing row contains|Key)\b).*?(?=\n\[SQL|\nHINT:|\n *\n|\Z)"), r"\1 [values]"),
        (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "[token]"),
        (re.compile(r"\b(wb_[a-z0-9]+)_[A-Za-z0-9]{16,}"), r"\1_[secret]"),
        (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [token]"),
        (re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@"), r"\1:[password]@"),
        (_EMAIL, email),
        *((pattern, phone) for pattern in _PHONES),
        (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), _mask_card),
    )


# Most values are short ids; one look tells whether any pattern can match at all.
_SUSPICIOUS: Final = re.compile(r"@|%40|DETAIL:|\+\d|\beyJ|wb_|(?i:bearer|basic)\s|%2[bB]\d|91[6-9]\d{9}|\d(?:[ -]?\d){12}")


class Redaction:
    """The structlog processor, and what it does to a text."""

    def __init__(self, address_hash: AddressHash | None = None) -> None:
        """address_hash: None where the service has no key; addresses then leave nothing behind but their kind."""
        self._address_hash = address_hash
        self._patterns = _patterns("[email]", "[phone]") if address_hash is None else _patterns(self._email, self._phone)

    def text(self, text: str) -> str:
        """`text` without anything that looks personal or secret."""
        if not _SUSPICIOUS.search(text):
            return text
        for pattern, replacement in self._patterns:
            text = pattern.sub(replacement, text)
        return text

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._redacted(key, value, 0) for key, value in event.items()}

    def _redacted(self, key: str, value: Any, depth: int) -> Any:
        if is_secret_name(key) and value is not None:
            return self._of_secret_field(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            return {inner: self._redacted(str(inner), item, depth + 1) for inner, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < _MAX_DEPTH:
            return [self._redacted("", item, depth + 1) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        # Anything else is rendered as text, and that text may hold what a pattern finds.
        return self.text(str(value))

    def _of_secret_field(self, value: Any) -> str:
        """Where it is an address and nothing else, that address's hash; never a part of what else it may be."""
        if self._address_hash is not None and isinstance(value, str):
            for pattern in (_EMAIL, *_PHONES):
                if pattern.fullmatch(value):
                    return self.text(value)
        return REDACTED

    def _email(self, match: re.Match[str]) -> str:
        return self._hashed("email", "email", unquote(match[0]))

    def _phone(self, match: re.Match[str]) -> str:
        number = match[0].lower().removeprefix("%2b")
        return self._hashed("phone", "sms", number)

    def _hashed(self, kind: str, channel: str, address: str) -> str:
        assert self._address_hash is not None, "without it there is a word in its place"
        # Behind a dash no pattern takes the digits of a hash for a number.
        return f"[{kind}-{self._address_hash(channel, address)[:HASH_SHOWN_CHARS]}]"


redact_text: Final = Redaction().text
"""For texts that are kept and not logged, in which an address leaves nothing behind but its kind."""


def is_secret_name(key: str) -> bool:
    """Whether the value of a field or a path parameter of this name is never shown."""
    name = key.lower().replace("-", "_")
    return name in SECRET_FIELDS or name.endswith(_SECRET_ENDINGS)
