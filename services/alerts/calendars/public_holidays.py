"""What the library `holidays` knows of countries and subdivisions: which there are, their holidays and their weekends.

A weekend is the country's own on each day: the Emirates moved theirs in 2022, and China works on some Saturdays.
"""

import difflib
import re
import threading
import warnings
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from holidays import country_holidays, list_supported_countries

from services.alerts.calendars.models import FIRST_DAY, LAST_DAY, CalendarDay

MAX_NEAR: Final = 5
_CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_filters = threading.Lock()


def is_code(text: str) -> bool:
    """Whether a text is written like a code, known or not."""
    return _CODE.fullmatch(text) is not None


@cache
def known_codes() -> frozenset[str]:
    """Every code of ISO 3166-1 and 3166-2 that there are holidays for, such as DE and DE-BY."""
    countries = list_supported_countries(include_aliases=False)
    codes = {*countries, *(f"{country}-{part}" for country, parts in countries.items() for part in parts)}
    return frozenset(code for code in codes if is_code(code))


def near_codes(code: str) -> Sequence[str]:
    """The known codes that are most like one that is not known; first the country itself, where it is one."""
    wanted = code.strip().upper().replace("_", "-")[:10]
    country = [known for known in (wanted, wanted[:2]) if known in known_codes()]
    similar = difflib.get_close_matches(wanted, sorted(known_codes()), n=MAX_NEAR)
    return list(dict.fromkeys([*country, *similar]))[:MAX_NEAR]


def days_of(code: str) -> Sequence[CalendarDay]:
    """Every day of a known code's calendar, in order. Takes a tenth of a second: call it in a thread."""
    country, _, subdivision = code.partition("-")
    years = range(FIRST_DAY.year, LAST_DAY.year + 1)
    # The library warns of years for which it knows only the holidays that lie on fixed days. The filters of warnings belong to
    # the whole process, so two threads take turns in changing them.
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        known = country_holidays(country, subdiv=subdivision or None, years=years, expand=False, language="en_US")
    days, number = [], 0
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        is_business = known.is_working_day(day)
        number += is_business
        days.append(CalendarDay(day, is_business, number, known.get(day)))
    return days
