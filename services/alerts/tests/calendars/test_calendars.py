"""Calendars: each country's own weekends and holidays, written once when they are first named."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from services.alerts.calendars.models import FIRST_DAY, LAST_DAY
from services.alerts.calendars.public_holidays import days_of, known_codes, near_codes
from services.alerts.calendars.repository import CalendarReader, CalendarRepository
from services.alerts.calendars.service import Calendars
from services.alerts.tests.arrange import OURS, rows
from shared.runtime.db import Database, Session
from shared.testing.service import ApiClient

# Day by day from a Thursday to the Monday after it: which of them are business days.
WEEKENDS = [
    ("DE-BY", date(2026, 3, 5), [True, True, False, False, True]),
    ("IN", date(2026, 3, 5), [True, True, False, False, True]),
    ("IL", date(2026, 3, 5), [True, False, False, True, True]),
    ("AE", date(2021, 3, 4), [True, False, False, True, True]),
    ("AE", date(2026, 3, 5), [True, True, False, False, True]),
    ("SA", date(2026, 3, 5), [True, False, False, True, True]),
    ("IR", date(2026, 5, 7), [True, False, True, True, True]),
]
HOLIDAYS = [
    ("DE-BY", date(2026, 1, 6), "Epiphany"),
    ("DE-HH", date(2026, 1, 6), None),
    ("DE", date(2026, 4, 3), "Good Friday"),
    ("US", date(2026, 7, 3), "Independence Day (observed)"),
    ("IN", date(2026, 1, 26), "Republic Day"),
    ("IN", date(2060, 1, 26), "Republic Day"),
]


def calendars(session: Session) -> Calendars:
    return Calendars(CalendarReader(session), CalendarRepository(session))


@pytest.mark.parametrize(("code", "thursday", "expected"), WEEKENDS)
def test_weekends_are_the_countrys_own_on_that_day(code: str, thursday: date, expected: list[bool]) -> None:
    week = {one.day: one.is_business for one in days_of(code)}

    assert [week[thursday + timedelta(days=offset)] for offset in range(5)] == expected


@pytest.mark.parametrize(("code", "day", "name"), HOLIDAYS)
def test_holidays_are_those_of_country_and_subdivision(code: str, day: date, name: str | None) -> None:
    (found,) = (one for one in days_of(code) if one.day == day)

    assert (found.holiday, found.is_business) == (name, name is None)


async def test_a_named_calendar_is_written_whole_and_numbered_by_its_business_days(session: Session) -> None:
    await calendars(session).ensure("DE-BY")

    stored = await CalendarReader(session).days("DE-BY", FIRST_DAY, LAST_DAY)

    assert [one.day for one in stored] == [FIRST_DAY + timedelta(days=n) for n in range(36_525)]
    count = 0
    for one in stored:
        count += one.is_business
        assert one.number == count
    assert list(stored) == list(days_of("DE-BY"))


async def test_a_calendar_named_twice_is_written_once(session: Session) -> None:
    await calendars(session).ensure("DE")
    await session.execute(text("DELETE FROM calendar_days WHERE day = '2026-03-02'"))
    await calendars(session).ensure("DE")

    assert await rows(session, "SELECT count(*) FROM calendar_days") == [(36_524,)]


@pytest.mark.commits
async def test_two_that_name_a_calendar_at_once_write_it_once(database: Database) -> None:
    async def name() -> None:
        async with database.unit_of_work() as session:
            await CalendarRepository(session).insert("FR", days_of("FR"))

    await asyncio.gather(name(), name(), name())

    async with database.read() as session:
        assert await rows(session, "SELECT calendar, count(*) FROM calendar_days GROUP BY 1") == [("FR", 36_525)]


async def test_all_calendars_are_listed_and_those_that_are_built_say_so(client: ApiClient, session: Session) -> None:
    await calendars(session).ensure("DE-BY")
    viewer = client.as_role("viewer", organization_id=OURS)

    everything = (await viewer.get("/v1/calendars")).json()["items"]
    german = (await viewer.get("/v1/calendars", params={"country": "DE"})).json()["items"]

    assert [item["code"] for item in everything] == sorted(known_codes())
    assert [item["code"] for item in german][:3] == ["DE", "DE-BB", "DE-BE"]
    assert [item["code"] for item in german if item["built_at"]] == ["DE-BY"]


@pytest.mark.parametrize("built", [True, False])
async def test_days_are_shown_with_their_holidays_and_reading_writes_nothing(
    client: ApiClient, session: Session, built: bool
) -> None:
    if built:
        await calendars(session).ensure("DE-BY")

    days = {"from": "2026-04-03", "to": "2026-04-07"}
    answer = (await client.as_role("viewer").get("/v1/calendars/DE-BY/days", params=days)).json()

    assert answer["business_days"] == 1
    assert [(item["day"], item["is_business"], item["holiday"]) for item in answer["items"]] == [
        ("2026-04-03", False, "Good Friday"),
        ("2026-04-04", False, None),
        ("2026-04-05", False, None),
        ("2026-04-06", False, "Easter Monday"),
        ("2026-04-07", True, None),
    ]
    assert await rows(session, "SELECT code FROM calendars") == ([("DE-BY",)] if built else [])


@pytest.mark.parametrize(
    ("code", "first", "last", "status", "error"),
    [
        ("DE-XX", "2026-04-03", "2026-04-07", 404, "calendar_not_found"),
        ("%00", "2026-04-03", "2026-04-07", 404, "calendar_not_found"),
        ("DE", "2026-04-07", "2026-04-03", 422, "period_not_shown"),
        ("DE", "2026-01-01", "2027-01-02", 422, "period_not_shown"),
        ("DE", "1999-12-31", "2000-01-02", 422, "period_not_shown"),
        ("DE", "2099-12-31", "2100-01-01", 422, "period_not_shown"),
        ("DE", "yesterday", "2100-01-01", 422, "invalid_request"),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    client: ApiClient, code: str, first: str, last: str, status: int, error: str
) -> None:
    params = {"from": first, "to": last}
    answer = await client.as_role("viewer").get(f"/v1/calendars/{code}/days", params=params)

    assert (answer.status_code, answer.json()["code"]) == (status, error)


def test_codes_that_are_not_known_lead_to_those_that_may_be_meant() -> None:
    assert near_codes("de_by")[0] == "DE-BY"
    assert near_codes("DE-XX")[0] == "DE"
    assert near_codes("ZZ") == []
