"""/v1/behavior, /v1/funnels, /v1/retention: what people do."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.analytics import behavior_deps
from services.analytics.auth import ReadableOrganization
from services.analytics.behavior.errors import InvalidRange, UnknownStep
from services.analytics.behavior.models import Risk
from services.analytics.behavior.repository import BehaviorReader, CohortGrain
from services.analytics.behavior.schemas import BehaviorOut, FunnelOut, RetentionOut, UserOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1", tags=["behavior"])

Step = Annotated[str, Query(max_length=100)]


@router.get("/behavior", name="summary", summary="See how people stand")
async def summary(organization_id: ReadableOrganization, request: Request, db: ReadDb) -> BehaviorOut:
    """Those who were there in the last 90 days, as of the last time that this was worked out."""
    return await behavior_deps.behavior(db, runtime_of(request).clock).summary(organization_id)


@router.get("/behavior/users", name="users", summary="List people and how they stand")
async def list_users(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    churn_risk: Annotated[Risk | None, Query(description="Only those with this risk.")] = None,
) -> Page[UserOut]:
    """Each with the points of their score, and a sentence that explains it."""
    after = None
    if paging.after is not None:
        whose, who = paging.after
        assert isinstance(whose, UUID), "cursors are signed, so this list has made it"
        after = (whose, str(who))
    rows = await BehaviorReader(db).users(organization_id, churn_risk, after=after, limit=paging.fetch)
    return paging.page(rows, UserOut, key=lambda row: (row.organization_id, row.user_id))


@router.get("/funnels", name="funnel", summary="See how far people go", responses=problems(InvalidRange, UnknownStep))
async def funnel(
    organization_id: ReadableOrganization,
    request: Request,
    db: ReadDb,
    step: Annotated[list[Step], Query(min_length=2, max_length=8, description="Names of events, in order; 2 to 8.")],
    first: Annotated[date, Query(alias="from", description="The first day on which somebody may begin.")],
    last: Annotated[date, Query(alias="to", description="The last one.")],
    within_days: Annotated[int, Query(ge=1, le=90, description="How long somebody may take, from the first step on.")] = 7,
) -> FunnelOut:
    """Somebody comes to a step with an event of its name at or after the step before; where an earlier step has the
    same name, after it. Of what somebody did more than a hundred times on a day, only the first and the last
    time are known: what was done in between counts at the last."""
    behavior = behavior_deps.behavior(db, runtime_of(request).clock)
    return await behavior.funnel(organization_id, step, first, last, within_days)


@router.get("/retention", name="retention", summary="See whether people come again", responses=problems(InvalidRange))
async def retention(
    organization_id: ReadableOrganization,
    request: Request,
    db: ReadDb,
    first: Annotated[date | None, Query(alias="from", description="The first day; else 83 days before the last.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day on which somebody came first; else today.")] = None,
    grain: Annotated[CohortGrain, Query(description="Weeks begin on Mondays.")] = "week",
) -> RetentionOut:
    """Of those who came first in each step, how many were there again so many steps later."""
    end = last or runtime_of(request).clock().date()
    begin = first or max(end, date(1, 4, 1)) - timedelta(days=83)
    return await behavior_deps.behavior(db, runtime_of(request).clock).retention(organization_id, begin, end, grain)
