"""Counting raised alerts on, many at a time, and reading the counts of a range of days."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, cast, func, select, text

from services.analytics.alert_counts.models import AlertCount, Counts, Raised, Severity
from shared.runtime.db import ReadSession, Session

# Rows are locked in the order of their keys, so that two batches never wait for each other in a circle.
_COUNT_ON: Final = text("""
    INSERT INTO alert_counts AS known (organization_id, day, severity, raised)
    SELECT organization_id, day, severity, sum(count)
      FROM unnest(CAST(:organizations AS uuid[]), CAST(:days AS date[]), CAST(:severities AS text[]), CAST(:counts AS bigint[]))
           AS row(organization_id, day, severity, count)
     GROUP BY organization_id, day, severity
     ORDER BY organization_id, day, severity
    ON CONFLICT (organization_id, day, severity) DO UPDATE SET raised = known.raised + excluded.raised
""")


def _sum_of(severity: Severity) -> ColumnElement[int]:
    # PostgreSQL's sum of bigints is a numeric, which would reach us as a Decimal.
    total = cast(func.sum(AlertCount.raised).filter(AlertCount.severity == severity), BigInteger)
    return func.coalesce(total, 0).label(severity)


class AlertCountReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def by_day(self, organization_id: UUID | None, first: date, last: date) -> dict[date, Counts]:
        """The counts of each day that has any, of one organization or of all together."""
        query = (
            select(AlertCount.day, _sum_of("info"), _sum_of("warning"), _sum_of("high"), _sum_of("critical"))
            .where(AlertCount.day.between(first, last))
            .group_by(AlertCount.day)
        )
        if organization_id is not None:
            query = query.where(AlertCount.organization_id == organization_id)
        return {day: Counts(*counts) for day, *counts in await self._session.execute(query)}


class AlertCountRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count_on(self, raised: Sequence[Raised]) -> None:
        """Add to the counts, in one statement. What is counted for the same key is added up."""
        columns: dict[str, Any] = {
            "organizations": [one.organization_id for one in raised],
            "days": [one.day for one in raised],
            "severities": [one.severity for one in raised],
            "counts": [one.count for one in raised],
        }
        await self._session.execute(_COUNT_ON, columns)
