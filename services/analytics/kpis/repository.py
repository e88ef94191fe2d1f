"""Reading rollups in steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.analytics.kpis.range_models import Grain, Range
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.db import ReadSession


def _query(grain: str, step: str) -> Any:
    return text(f"""
        SELECT {step} AS step, series, dimension, sum(n)::bigint AS n, sum(total) AS total, min(lowest) AS lowest,
               max(highest) AS highest, CASE WHEN :with_hist THEN hist_sum(hist) END AS hist
          FROM rollup_{grain}s
         WHERE series = ANY(CAST(:series AS text[])) AND organization_id = :organization_id
           AND bucket >= :begin AND bucket < :end
         GROUP BY 1, 2, 3
    """)  # noqa: S608 — constants of this module.


_READ: Final[dict[Grain, Any]] = {
    "minute": _query("minute", "bucket"),
    "hour": _query("hour", "bucket"),
    "day": _query("day", "bucket"),
    "week": _query("day", "date_trunc('week', bucket, 'UTC')"),
    "month": _query("day", "date_trunc('month', bucket, 'UTC')"),
}


@dataclass(frozen=True, slots=True)
class Rolled:
    """What was counted of a series in a step, apart for each dimension."""

    n: int
    total: int = 0
    lowest: int | None = None
    highest: int | None = None
    hist: tuple[int, ...] = ()


Key = tuple[datetime, str, str]
"""Step, series, dimension."""


class RollupReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def read(
        self, series: Sequence[str], organization_id: UUID | None, meant: Range, *, with_hist: bool
    ) -> dict[Key, Rolled]:
        """What was counted, of one organization or of all together."""
        bound = {
            "series": list(series),
            "organization_id": organization_id or EVERYBODY,
            "begin": meant.begin,
            "end": meant.end,
            "with_hist": with_hist,
        }
        rows = await self._session.execute(_READ[meant.grain], bound)
        return {
            (row.step, row.series, row.dimension): Rolled(
                row.n, int(row.total or 0), row.lowest, row.highest, tuple(row.hist or ())
            )
            for row in rows
        }
