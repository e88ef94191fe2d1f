"""A driver's day, as notifications puts it into the daily digest."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from services.trips.tests.fleet import THEIRS, Fleet, at, code, fleet_of
from shared.contracts.trips import ProcessTripCompletion
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


async def summary(fleet: Fleet, driver_id: str, date: str = "2026-03-02") -> httpx.Response:
    """What notifications asks for."""
    person = quote(f"trips.driver:{driver_id}", safe="")
    return await fleet.api.get(f"/v1/people/{person}/trip-summary", params={"date": date})


async def planned(fleet: Fleet, driver_id: str, begin: str, end: str, **fields: Any) -> str:
    """A trip that a driver is to drive."""
    trip_id = await fleet.trip(**fields)
    await fleet.act(trip_id, "schedule", pickup_at=begin, dropoff_at=end)
    await fleet.offer(trip_id, driver_id=driver_id)
    return trip_id


async def test_a_day_is_the_drivers_own_from_midnight_to_midnight(fleet: Fleet, run_task: TaskRunner) -> None:
    await fleet.vehicle()
    # Kolkata is 5:30 ahead: its 2nd of March begins at 18:30 of the 1st.
    driver = await fleet.driver(time_zone="Asia/Kolkata")
    await planned(fleet, driver, at(18, 29, day=1), at(18, 40, day=1))
    first = await planned(fleet, driver, at(19, 0, day=1), at(19, 30, day=1))
    last = await planned(fleet, driver, at(18, 29), at(18, 50))
    await planned(fleet, driver, at(20, 0), at(21, 0))
    await fleet.drive(first, "completed")
    await run_task(ProcessTripCompletion(trip_id=UUID(first)))
    await fleet.ok("PUT", f"/v1/trips/{first}/mileage", json={"distance_m": 7_500})

    found = (await summary(fleet, driver)).json()

    numbers = [(await fleet.ok("GET", f"/v1/trips/{one}"))["number"] for one in (first, last)]
    assert [(one["number"], one["status"]) for one in found["trips"]] == list(
        zip(numbers, ("completed", "assigned"), strict=True)
    )
    assert (found["trips"][0]["pickup"], found["trips"][0]["pickup_at"]) == ("Home", at(19, 0, day=1))
    assert (found["completed"], found["distance_m"]) == (1, 7_500)


async def test_an_empty_day_is_empty_and_nobody_else_has_one(fleet: Fleet, client: ApiClient) -> None:
    driver = await fleet.driver()

    empty = await summary(fleet, driver)
    answers = [
        await summary(fleet_of(client, THEIRS), driver),
        await summary(fleet, "nobody"),
        await fleet.api.get("/v1/people/payments.customer:1/trip-summary", params={"date": "2026-03-02"}),
    ]
    no_day = await summary(fleet, driver, date="today")

    assert empty.json() == {"trips": [], "completed": 0, "distance_m": 0}
    assert [code(one) for one in answers] == [(404, "person_unknown")] * 3
    assert code(no_day) == (422, "invalid_request")
