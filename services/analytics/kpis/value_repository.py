"""Statements on figures of whole days."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.analytics.kpis.range_models import day_start
from services.analytics.kpis.repository import Rolled
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.db import ReadSession, Session

_LAST: Final = text("""
    SELECT key, day, dimension, value, n, is_on_target, computed_at FROM kpi_values
     WHERE organization_id = :organization_id
       AND day = (SELECT max(day) FROM kpi_values WHERE organization_id = :organization_id)
     ORDER BY key, dimension
""")
_TAKE: Final = text("""
    WITH taken AS (
        DELETE FROM changed_kpi_days WHERE day IN (SELECT day FROM changed_kpi_days WHERE day < :before ORDER BY day LIMIT :limit)
        RETURNING day
    )
    SELECT day FROM taken ORDER BY day
""")
_CHANGE: Final = text("INSERT INTO changed_kpi_days (day) VALUES (:day) ON CONFLICT DO NOTHING")
_ROLLED: Final = text("""
    SELECT organization_id, series, dimension, n, total, lowest, highest, hist FROM rollup_days WHERE bucket = :day
""")
_CLEAR: Final = text("DELETE FROM kpi_values WHERE day = :day")
_WRITE: Final = text("""
    INSERT INTO kpi_values (key, organization_id, day, dimension, value, n, is_on_target, computed_at)
    SELECT key, organization_id, :day, dimension, value, n, is_on_target, :at
      FROM unnest(CAST(:keys AS text[]), CAST(:organization_ids AS uuid[]), CAST(:dimensions AS text[]),
                  CAST(:figures AS float8[]), CAST(:counts AS bigint[]), CAST(:on_target AS boolean[]))
           AS row(key, organization_id, dimension, value, n, is_on_target)
""")


@dataclass(frozen=True, slots=True)
class DayValue:
    """A figure of a whole day. is_on_target: None where nothing is aimed at, or there is no figure."""

    key: str
    day: date
    dimension: str
    value: float | None
    n: int
    is_on_target: bool | None
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class NewValue:
    """The same, before it is written, and whose it is."""

    key: str
    organization_id: UUID
    dimension: str
    value: float | None
    n: int
    is_on_target: bool | None


class KpiValueReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def last(self, organization_id: UUID | None) -> list[DayValue]:
        """All of the newest day that was worked out."""
        rows = await self._session.execute(_LAST, {"organization_id": organization_id or EVERYBODY})
        return [DayValue(*row) for row in rows]


class KpiValueRepository(KpiValueReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def changed(self, day: date) -> None:
        """Have a day worked out although nothing was counted of it: nothing is a figure as well."""
        await self._session.execute(_CHANGE, {"day": day})

    async def take(self, before: date, limit: int) -> list[date]:
        """The oldest days that are over and have changed, which count as worked out from now on."""
        return list((await self._session.execute(_TAKE, {"before": before, "limit": limit})).scalars())

    async def rolled(self, day: date) -> dict[UUID, dict[tuple[str, str], Rolled]]:
        """What was counted on a day, by whose it is."""
        found: dict[UUID, dict[tuple[str, str], Rolled]] = defaultdict(dict)
        for row in await self._session.execute(_ROLLED, {"day": day_start(day)}):
            rolled = Rolled(row.n, int(row.total or 0), row.lowest, row.highest, tuple(row.hist or ()))
            found[row.organization_id][row.series, row.dimension] = rolled
        return found

    async def replace(self, day: date, values: Sequence[NewValue], at: datetime) -> None:
        """Write a day's figures in the place of those that there were."""
        bound: dict[str, Any] = {
            "day": day,
            "at": at,
            "keys": [one.key for one in values],
            "organization_ids": [one.organization_id for one in values],
            "dimensions": [one.dimension for one in values],
            "figures": [float(one.value) if one.value is not None else None for one in values],
            "counts": [one.n for one in values],
            "on_target": [one.is_on_target for one in values],
        }
        await self._session.execute(_CLEAR, {"day": day})
        await self._session.execute(_WRITE, bound)
