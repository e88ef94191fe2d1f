"""Reading calendars, and writing one as a whole."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import text

from services.alerts.calendars.models import Calendar, CalendarDay
from shared.runtime.db import ReadSession, Session

_BUILT: Final = text("SELECT code, created_at AS built_at FROM calendars")
_IS_BUILT: Final = text("SELECT EXISTS (SELECT FROM calendars WHERE code = :code)")
_DAYS: Final = text("""
    SELECT day, is_business, number, holiday FROM calendar_days
     WHERE calendar = :code AND day BETWEEN CAST(:first AS date) AND CAST(:last AS date) ORDER BY day
""")

# Of two that build the same calendar at once, the later one waits in the first insert until the other one has committed,
# and then finds nothing to do.
_INSERT: Final = text("""
    WITH made AS (
        INSERT INTO calendars (code) VALUES (:code) ON CONFLICT (code) DO NOTHING RETURNING code
    )
    INSERT INTO calendar_days (calendar, day, is_business, number, holiday)
    SELECT made.code, row.day, row.is_business, row.number, row.holiday
      FROM made, unnest(CAST(:days AS date[]), CAST(:business AS boolean[]), CAST(:numbers AS int[]), CAST(:holidays AS text[]))
                 AS row(day, is_business, number, holiday)
""")


class CalendarReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def built(self) -> Sequence[Calendar]:
        """Those whose days are written."""
        return [Calendar(**row) for row in (await self._session.execute(_BUILT)).mappings()]

    async def is_built(self, code: str) -> bool:
        """Whether its days are written."""
        return bool(await self._session.scalar(_IS_BUILT, {"code": code}))

    async def days(self, code: str, first: date, last: date) -> Sequence[CalendarDay]:
        """The days from `first` to `last`, in order; none of a calendar that is not built."""
        rows = await self._session.execute(_DAYS, {"code": code, "first": first, "last": last})
        return [CalendarDay(**row) for row in rows.mappings()]


class CalendarRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, code: str, days: Sequence[CalendarDay]) -> None:
        """Write a calendar and its days, unless it is there."""
        columns: dict[str, Any] = {
            "days": [one.day for one in days],
            "business": [one.is_business for one in days],
            "numbers": [one.number for one in days],
            "holidays": [one.holiday for one in days],
        }
        await self._session.execute(_INSERT, {"code": code, **columns})
