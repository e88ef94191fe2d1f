"""/v1/kpis: the catalogue and its figures. /v1/series: what they are made of."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from services.analytics import kpi_deps
from services.analytics.auth import ReadableOrganization
from services.analytics.kpis.errors import InvalidRange, KpiNotFound, SeriesNotFound
from services.analytics.kpis.range_models import Grain, Range
from services.analytics.kpis.schemas import KpisOut, KpiValuesOut, SeriesOut
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/kpis", tags=["kpis"])
series = APIRouter(prefix="/v1/series", tags=["series"])


async def asked_range(
    request: Request,
    _: ReadableOrganization,
    first: Annotated[date | None, Query(alias="from", description="The first day, in UTC; else 29 days before the last.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day, included; else today.")] = None,
    grain: Annotated[Grain, Query(description="How long a step is. Weeks begin on Mondays.")] = "day",
) -> Range:
    """The days that are asked for."""
    end = last or runtime_of(request).clock().date()
    return Range(first or max(end, date(1, 2, 1)) - timedelta(days=29), end, grain)


AskedRange = Annotated[Range, Depends(asked_range)]


@router.get("", name="list", summary="List the KPIs")
async def list_kpis(organization_id: ReadableOrganization, request: Request, db: ReadDb) -> KpisOut:
    """What each means, who answers for it, and its figures of the last day that was worked out."""
    return await kpi_deps.kpis(db, runtime_of(request).clock).catalogue(organization_id)


@router.get("/{key}", name="values", summary="Read a KPI", responses=problems(KpiNotFound, InvalidRange))
async def read_values(
    key: Annotated[str, Path(max_length=100, examples=["orders.value"])],
    organization_id: ReadableOrganization,
    meant: AskedRange,
    request: Request,
    db: ReadDb,
) -> KpiValuesOut:
    """Step by step and as a whole, of one organization or of all together, with how old the figures are."""
    runtime = runtime_of(request)
    return await kpi_deps.kpis(db, runtime.clock, kpi_deps.answers(runtime)).values(key, organization_id, meant)


@series.get("/{name}", name="read", summary="Read a series", responses=problems(SeriesNotFound, InvalidRange))
async def read_series(
    name: Annotated[str, Path(max_length=200, examples=["payments.order_placed:value"])],
    organization_id: ReadableOrganization,
    meant: AskedRange,
    request: Request,
    db: ReadDb,
) -> SeriesOut:
    """What was counted of one kind of event: how many, their sum, bounds and percentiles, which are right within 2.5 %."""
    return await kpi_deps.kpis(db, runtime_of(request).clock).series(name, organization_id, meant)
