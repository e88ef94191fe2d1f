"""/v1/alert-counts: what was raised, by day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.analytics import deps
from services.analytics.alert_counts.errors import InvalidRange
from services.analytics.alert_counts.schemas import AlertCountsOut
from services.analytics.auth import ReadableOrganization
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/alert-counts", tags=["alert-counts"])


@router.get("", name="by_day", summary="Count raised alerts by day", responses=problems(InvalidRange))
async def by_day(
    organization_id: ReadableOrganization,
    db: ReadDb,
    first: Annotated[date, Query(alias="from", description="The first day that is shown.", examples=["2026-11-01"])],
    last: Annotated[date, Query(alias="to", description="The last one; at most 366 are shown.", examples=["2026-11-20"])],
) -> AlertCountsOut:
    """By severity, with the totals of the range. An alert counts on the day in UTC that was evaluated, whenever the run was."""
    return await deps.alert_statistics(db).by_day(organization_id, first, last)
