"""/v1/people/{person}/trip-summary: a person's day, for daily digests."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.trips import deps
from services.trips.auth import ReadableOrganization
from services.trips.days import Day
from services.trips.summaries.errors import PersonUnknown
from services.trips.summaries.schemas import TripSummary
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/people", tags=["people"])


@router.get("/{person}/trip-summary", summary="Sum up a person's day", responses=problems(PersonUnknown))
async def summarize(
    person: Annotated[str, Path(max_length=200, description="A reference such as `trips.driver:<id>`.")],
    date: Annotated[Day, Query(description="The day, where the person is.")],
    organization_id: ReadableOrganization,
    db: ReadDb,
) -> TripSummary:
    """A driver's trips whose pickup was planned for that day."""
    return await deps.trip_summaries(db).of(person, date, organization_id)
