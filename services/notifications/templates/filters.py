"""What templates may do with values: every filter and test there is. Jinja's own are not offered, because a template can
make several of them build gigabytes or show Python's objects.

Each takes and gives texts, numbers and truth values; what it builds is counted. Those that follow the reader ask for the
context, because Jinja works out a filter on a constant while it compiles, and the compiled template is every reader's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import quote

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

from services.notifications.templates import currencies, formats
from services.notifications.templates.budget import current, extent

MAX_NUMBER: Final = 10**15
COUNTED: Final = "_counted"
STEP: Final = "_step"
JOINED: Final = "_joined"


class ValueUnusable(Exception):
    """A value that a filter or an output cannot take; its text says what it takes, without the value."""


def as_text(value: Any) -> str:
    """A value as a reader sees it. Lists and objects have no such form, and neither has nothing."""
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueUnusable(f"{_kind(value)} cannot be shown; show a text or a number, or ask first: {{% if … %}}")
    if abs(value) > MAX_NUMBER:
        raise ValueUnusable("the number is too large to be shown; send it as a text")
    return str(value)


def finalize(value: Any) -> str:
    """Every output of a template goes through this."""
    text = as_text(value)
    current().step(extent(text))
    return text


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else "this"


def _text(value: Any) -> str:
    text = as_text(value)
    rendering = current()
    rendering.step(extent(text))
    rendering.build(len(text))
    return text


def _integer(value: Any, wanted: str) -> int:
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_NUMBER:
        raise ValueUnusable(f"{wanted} takes a whole number and got {_kind(value)}")
    return value


def counted(values: Iterable[Any]) -> Iterator[Any]:
    """What a `for` loops over; a turn costs a step."""
    rendering = current()
    for value in values:
        rendering.step()
        yield value


def step(value: Any) -> Any:
    """Around each side of a comparison, which may go through all of both."""
    current().step(extent(value))
    return value


def joined(*values: Any) -> str:
    """`a ~ b`."""
    return _text("".join(_text(value) for value in values))


def join(values: Any, separator: str = ", ") -> str:
    """The values of a list as one text."""
    if isinstance(values, Undefined):
        str(values)
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueUnusable(f"join takes a list and got {_kind(values)}")
    current().build(len(values) * len(_text(separator)))
    return separator.join(_text(value) for value in counted(values))


def replace(value: Any, old: str, new: str) -> str:
    """Every occurrence of one text by another."""
    text, old, new = _text(value), _text(old), _text(new)
    current().build(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


@pass_context
def truncate(_: Context, value: Any, length: int = 80) -> str:
    """At most `length` characters, the last of them an ellipsis where something was cut; three dots in the alphabet of SMS."""
    text, length = _text(value), max(1, _integer(length, "truncate"))
    ellipsis = "..." if current().gsm else "…"
    return text if len(text) <= length else text[: max(0, length - len(ellipsis))].rstrip() + ellipsis


def default(value: Any, instead: Any, also_empty: bool = False) -> Any:
    """The value, or another where it is missing or null; with `true`, also where it is empty."""
    missing = isinstance(value, Undefined) or value is None
    return instead if missing or (also_empty and not value) else value


def length(value: Any) -> int:
    """How many entries or characters."""
    return len(value)


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """The names and values of an object, for `{% for name, value in … %}`."""
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, Mapping):
        raise ValueUnusable(f"items takes an object and got {_kind(value)}")
    return iter(value.items())


@pass_context
def long_date(_: Context, value: Any) -> str:
    """An ISO 8601 date as readers write it: 20 November 2026."""
    try:
        return _text(formats.long_date(date.fromisoformat(_text(value)), current().language))
    except ValueError:
        raise ValueUnusable("date takes a date like 2026-11-20") from None


@pass_context
def long_datetime(_: Context, value: Any) -> str:
    """An ISO 8601 time with its offset, in the reader's zone: 20 November 2026, 14:05 CET."""
    try:
        moment = datetime.fromisoformat(_text(value))
        if moment.tzinfo is None:
            raise ValueUnusable("datetime takes a time with its offset, like 2026-11-20T14:05:00Z")
        local = moment.astimezone(UTC).astimezone(current().zone)
    except (ValueError, OverflowError):
        raise ValueUnusable("datetime takes a time with its offset, like 2026-11-20T14:05:00Z") from None
    return _text(formats.long_datetime(local, current().language))


@pass_context
def number(_: Context, value: Any) -> str:
    """A whole number with its digits in groups."""
    return _text(formats.grouped(_integer(value, "number"), current().language))


@pass_context
def money(_: Context, value: Any) -> str:
    """`{"amount_minor": 12345600, "currency": "INR"}` as readers write it: ₹1,23,456.00."""
    if isinstance(value, Undefined):
        str(value)
    currency = value.get("currency") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(currency, str) or not (len(currency) == 3 and currency.isalpha()):
        raise ValueUnusable('money takes an amount like {"amount_minor": 1250, "currency": "INR"}')
    amount_minor = _integer(value.get("amount_minor"), "money")
    rendering = current()
    return _text(currencies.money(amount_minor, currency.upper(), rendering.language, gsm=rendering.gsm))


@pass_context
def plural(_: Context, value: Any, one: str, other: str) -> str:
    """`7 days`: the number and the form of the word that goes with it."""
    count, language = _integer(value, "plural"), current().language
    return _text(f"{formats.grouped(count, language)} {_text(formats.chosen(count, one, other, language))}")


def _on_text(method: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: _text(method(_text(value)))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "capitalize": _on_text(str.capitalize),
    "date": long_date,
    "datetime": long_datetime,
    "default": default,
    "items": items,
    "join": join,
    "length": length,
    "lower": _on_text(str.lower),
    "money": money,
    "number": number,
    "plural": plural,
    "replace": replace,
    "title": _on_text(str.title),
    "trim": _on_text(str.strip),
    "truncate": truncate,
    "upper": _on_text(str.upper),
    "urlencode": _on_text(lambda text: quote(text, safe="")),
}
INTERNAL: Final[Mapping[str, Callable[..., Any]]] = {COUNTED: counted, STEP: step, JOINED: joined}
TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "undefined": lambda value: isinstance(value, Undefined),
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
