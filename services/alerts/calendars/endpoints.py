"""/v1/calendars: on which days customs and carriers work, by country and subdivision."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.alerts import deps
from services.alerts.auth import AlertsRead
from services.alerts.calendars.errors import CalendarNotFound, PeriodNotShown
from services.alerts.calendars.schemas import CalendarDayOut, CalendarDays, CalendarList, CalendarOut
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/calendars", tags=["calendars"])

Code = Annotated[str, Path(max_length=10, description="A country or a subdivision.", examples=["DE-BY"])]
Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="Only those of this country.", examples=["DE"])]
First = Annotated[date, Query(alias="from", description="The first day.", examples=["2026-04-01"])]
Last = Annotated[date, Query(alias="to", description="The last day; at most 366 are shown.", examples=["2026-04-30"])]


@router.get("", name="list", summary="List calendars")
async def list_calendars(_: AlertsRead, db: ReadDb, country: Country = None) -> CalendarList:
    """Every calendar that a policy can name, by code; not in pages, as there are fewer than a thousand."""
    calendars = await deps.calendar_catalogue(db).all(country)
    return CalendarList(items=[CalendarOut.model_validate(calendar) for calendar in calendars])


@router.get("/{code}/days", name="days", summary="Read a calendar", responses=problems(CalendarNotFound, PeriodNotShown))
async def list_days(code: Code, first: First, last: Last, _: AlertsRead, db: ReadDb) -> CalendarDays:
    """Which days are business days, and what the holidays are called.

    From 2000-01-01 to 2099-12-31. Holidays that follow the moon or a yearly decree are estimates for the years to come.
    """
    days = await deps.calendar_catalogue(db).show(code, first, last)
    items = [CalendarDayOut.model_validate(one) for one in days]
    return CalendarDays(code=code, business_days=sum(one.is_business for one in items), items=items)
