"""Dates, times and numbers as readers of a language write them.

Three languages are all that templates come in so far; a library for all of them would take more memory than the service.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.notifications.locales import primary

_EN: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DE: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
_HI: Final = (
    *("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून"),
    *("जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
)


@dataclass(frozen=True, slots=True)
class Language:
    """day: follows the number of the day. separator: between groups of digits. decimal: before the fraction.

    is_one: which counts take the singular (CLDR).
    """

    months: tuple[str, ...]
    day: str
    separator: str
    decimal: str
    is_one: Callable[[int], bool]


_LANGUAGES: Final = {
    "en": Language(_EN, "", ",", ".", lambda count: count == 1),
    "de": Language(_DE, ".", ".", ",", lambda count: count == 1),
    "hi": Language(_HI, "", ",", ".", lambda count: count in (0, 1)),
}
_INDIAN_GROUPS: Final = frozenset({"hi", "en-IN"})


def _language(tag: str) -> Language:
    return _LANGUAGES.get(primary(tag), _LANGUAGES["en"])


def long_date(day: date, tag: str) -> str:
    """`20 November 2026`."""
    language = _language(tag)
    return f"{day.day}{language.day} {language.months[day.month - 1]} {day.year}"


def long_datetime(moment: datetime, tag: str) -> str:
    """`20 November 2026, 14:05 CET`; the moment is in the reader's zone already."""
    return f"{long_date(moment.date(), tag)}, {moment:%H:%M} {moment.tzname()}"


def grouped(number: int, tag: str) -> str:
    """`1,234,567`, `1.234.567` in German, `12,34,567` in India."""
    digits, sign = str(abs(number)), "-" if number < 0 else ""
    head, last = digits[:-3], digits[-3:]
    size = 2 if tag in _INDIAN_GROUPS or primary(tag) == "hi" else 3
    groups: list[str] = []
    while head:
        head, group = head[:-size], head[-size:]
        groups.insert(0, group)
    return sign + _language(tag).separator.join([*groups, last])


def decimal_mark(tag: str) -> str:
    """What stands before a fraction."""
    return _language(tag).decimal


def chosen(count: int, one: str, other: str, tag: str) -> str:
    """The form of a word that goes with a count."""
    return one if _language(tag).is_one(count) else other
