"""Who can do a trip, and what stands in the others' way."""

from datetime import timedelta
from typing import Any

import pytest

from services.trips.dispatch.models import places
from services.trips.tests.fleet import Fleet, at, code
from shared.testing.clock import MONDAY_MORNING, FrozenClock

LATE = {"licence_expires_on": "2026-03-01"}
DRIVERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"licence_expires_on": "2026-03-02"}, []),
    (LATE, ["licence_expired"]),
    ({"skills": []}, ["lacks_skills"]),
    ({"works": "shifts"}, ["off_duty"]),
]
VEHICLES: list[tuple[dict[str, Any], list[str]]] = [
    ({"seats": 2, "wheelchair_places": 1}, []),
    ({"seats": 4, "wheelchair_places": 1}, []),
    ({"seats": 4, "wheelchair_places": 0}, ["too_small"]),
    ({"seats": 1, "wheelchair_places": 1}, ["too_small"]),
    ({"equipment": []}, ["lacks_equipment"]),
]


async def test_everybody_is_shown_with_what_stands_in_their_way(fleet: Fleet) -> None:
    drivers = [(await fleet.driver(**({"skills": ["first_aid"]} | fields)), why) for fields, why in DRIVERS]
    vehicles = [
        (await fleet.vehicle(f"MH12AB{number}", **({"equipment": ["oxygen"]} | fields)), why)
        for number, (fields, why) in enumerate(VEHICLES)
    ]
    trip_id = await fleet.scheduled(mobility="wheelchair", escorts=2, equipment=["oxygen"], skills=["first_aid"])

    found = await fleet.ok("GET", f"/v1/trips/{trip_id}/candidates")

    assert {one["id"]: one["hindrances"] for one in found["drivers"]} == dict(drivers)
    assert {one["id"]: one["hindrances"] for one in found["vehicles"]} == dict(vehicles)
    # The vehicle with the fewest places to spare serves both.
    assert [(one["driver_id"], one["vehicle_id"]) for one in found["candidates"]] == [
        (drivers[0][0], vehicles[0][0]),
        (drivers[1][0], vehicles[0][0]),
    ]


async def test_a_driver_of_shifts_is_free_within_duty_and_nobody_while_absent(fleet: Fleet) -> None:
    await fleet.vehicle()
    trip_id = await fleet.scheduled(10)
    shifts: list[tuple[str, dict[str, str]]] = [
        ("always", {"kind": "absence", "starts_at": at(11), "ends_at": at(12)}),
        ("always", {"kind": "absence", "starts_at": at(10, 30), "ends_at": at(12)}),
        ("shifts", {"starts_at": at(9), "ends_at": at(11)}),
        # From 9:45 on they are bound.
        ("shifts", {"starts_at": at(10), "ends_at": at(11)}),
    ]
    ids = []
    for works, shift in shifts:
        ids.append(await fleet.driver(works=works))
        await fleet.ok("POST", f"/v1/drivers/{ids[-1]}/shifts", json=shift)

    found = await fleet.ok("GET", f"/v1/trips/{trip_id}/candidates")

    assert {one["id"]: one["hindrances"] for one in found["drivers"]} == {
        ids[0]: [],
        ids[1]: ["absent"],
        ids[2]: [],
        ids[3]: ["off_duty"],
    }


async def test_who_is_still_under_way_is_busy_for_what_begins_before_now(fleet: Fleet, clock: FrozenClock) -> None:
    late = await fleet.assigned(10)
    await fleet.drive(late, "onboard")
    clock.set(MONDAY_MORNING + timedelta(hours=3))
    near, far = await fleet.scheduled(12), await fleet.scheduled(15)

    async def hindrances(trip_id: str) -> list[list[str]]:
        found = await fleet.ok("GET", f"/v1/trips/{trip_id}/candidates")
        return [one["hindrances"] for one in (*found["drivers"], *found["vehicles"])]

    under_way = [await hindrances(trip_id) for trip_id in (near, far)]
    offer = await fleet.act(near, "offer")
    await fleet.step(late, "at_dropoff")

    assert under_way == [[["busy"], ["busy"]], [[], []]]
    assert code(offer) == (409, "nobody_available")
    assert await hindrances(near) == [[], []]


async def test_a_licence_must_be_for_the_vehicle_and_the_usual_one_comes_first(fleet: Fleet) -> None:
    usual = await fleet.vehicle("MH12AB1111", seats=6)
    large = await fleet.vehicle("MH12AB2222", seats=1, licence_class="HMV")
    ravi = await fleet.driver(usual_vehicle_id=usual)
    trip_id = await fleet.scheduled()

    wrong = await fleet.act(trip_id, "offer", driver_id=ravi, vehicle_id=large)
    trip = await fleet.offer(trip_id)

    assert code(wrong) == (409, "not_available")
    assert (trip["driver_id"], trip["vehicle_id"], trip["status"]) == (ravi, usual, "assigned")


async def test_a_trip_without_times_has_no_candidates(fleet: Fleet) -> None:
    answer = await fleet.api.get(f"/v1/trips/{await fleet.trip(will_call=True)}/candidates")

    assert code(answer) == (409, "trip_status_forbids")


@pytest.mark.parametrize(
    ("mobility", "escorts", "needed"),
    [
        ("ambulatory", 0, (1, 0, 0, False)),
        ("ambulatory", 2, (3, 0, 0, False)),
        ("wheelchair", 1, (1, 1, 0, False)),
        ("stretcher", 0, (0, 0, 1, False)),
        ("bariatric", 1, (1, 0, 1, True)),
    ],
)
def test_each_mobility_takes_its_own_place(mobility: Any, escorts: int, needed: tuple[int, int, int, bool]) -> None:
    assert places(mobility, escorts) == needed
