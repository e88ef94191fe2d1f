"""Days as files and requests write them."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator

from services.alerts.shipments.models import FIRST_ETA, LAST_ETA

DateFormat = Literal["iso", "dmy", "mdy"]
UTC: Final = ZoneInfo("UTC")

# A day, perhaps with a time of that day, perhaps with an offset: RFC 3339 with what people leave out.
_ISO: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?( ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?", re.ASCII
)
_PARTS: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ,]+\d{1,2}:\d{2}(?::\d{2})?)?", re.ASCII)
_SAMPLES: Final[Mapping[DateFormat, str]] = {"iso": "2026-11-20", "dmy": "20.11.2026", "mdy": "11/20/2026"}


def day_of(written: DateFormat, zone: ZoneInfo) -> Callable[[str], date]:
    """The reader of days that are written so. It raises ValueError with what is wrong."""
    find = _iso_day if written == "iso" else _numbered_day(day_first=written == "dmy")

    def read(value: str) -> date:
        try:
            day = find(value, zone)
        except (ValueError, OverflowError):
            raise ValueError("is a day that the calendar does not have") from None
        if day is None:
            raise ValueError(f"is not a date like {_SAMPLES[written]}")
        if not FIRST_ETA <= day <= LAST_ETA:
            raise ValueError(f"lies outside of {FIRST_ETA} to {LAST_ETA}")
        return day

    return read


def _iso_day(value: str, zone: ZoneInfo) -> date | None:
    # fromisoformat alone also takes 20261120 and 2026-W47-5, which people do not mean.
    match = _ISO.fullmatch(value)
    if match is None:
        return None
    if len(value) == len(match[1]):
        return date.fromisoformat(value)
    moment = datetime.fromisoformat(f"{match[1]}T{value[11:].replace(' ', '')}")
    # A time without an offset is one of that zone already.
    return (moment.astimezone(zone) if match[2] else moment).date()


def _numbered_day(*, day_first: bool) -> Callable[[str, ZoneInfo], date | None]:
    def find(value: str, _zone: ZoneInfo) -> date | None:
        match = _PARTS.fullmatch(value)
        if match is None:
            return None
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        return date(year, second, first) if day_first else date(year, first, second)

    return find


_plain_day: Final = day_of("iso", UTC)


def _day(value: Any) -> date:
    # pydantic alone also takes numbers, as seconds or as milliseconds since 1970.
    if not isinstance(value, str) or len(value) != len(_SAMPLES["iso"]):
        raise ValueError(f"is not a date like {_SAMPLES['iso']}")
    return _plain_day(value)


Day = Annotated[date, BeforeValidator(_day)]
"""A day of a request, within the bounds."""


def _moment(value: Any) -> Any:
    # As above.
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise ValueError("is not a time like 2026-11-20T08:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A time of a request, with its offset."""
