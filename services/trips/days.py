"""Days and moments in requests. A number is none: whoever sends one means seconds, or milliseconds, or neither."""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from shared.contracts.message import UtcDatetime

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.ASCII)


def _day(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("is not a date like 2026-11-20, in quotes")


def _moment(value: Any) -> Any:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return value
    raise ValueError("is not a time like 2026-11-20T06:00:00Z, in quotes")


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[UtcDatetime, BeforeValidator(_moment)]
