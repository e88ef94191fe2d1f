"""Vehicles: what they carry, their plates, and when they may go."""

from typing import Any

from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

VEHICLES = "/v1/vehicles"


async def test_a_vehicle_has_its_plate_in_one_form_and_no_other_has_it(fleet: Fleet, client: ApiClient) -> None:
    made = await fleet.api.post(VEHICLES, json={"plate": "mh-12 ab 1234", "seats": 3, "equipment": ["oxygen"]})
    again = await fleet.api.post(VEHICLES, json={"plate": "MH12AB1234", "seats": 1})
    read = await fleet.api.get(made.headers["location"])
    theirs = await fleet_of(client, THEIRS).api.post(VEHICLES, json={"plate": "MH12AB1234", "seats": 1})

    assert (made.status_code, made.json()["plate"], read.json()) == (201, "MH12AB1234", made.json())
    assert (code(again), theirs.status_code) == ((409, "plate_taken"), 201)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"plate": "#"}, "invalid_request"),
    ({"seats": 101}, "invalid_request"),
    ({"seats": "3"}, "invalid_request"),
    ({"seats": 0}, "vehicle_carries_nobody"),
    ({"bariatric": True}, "vehicle_carries_nobody"),
]


async def test_a_vehicle_that_carries_nobody_is_refused(fleet: Fleet, session: Session) -> None:
    answers = [await fleet.api.post(VEHICLES, json={"plate": "MH12AB1234", "seats": 3} | fields) for fields, _ in BAD]

    assert [code(one) for one in answers] == [(422, refusal) for _, refusal in BAD]
    assert await rows(session, "SELECT 1 FROM vehicles") == []


async def test_a_change_keeps_what_a_vehicle_must_be(fleet: Fleet) -> None:
    first, second = await fleet.vehicle(), await fleet.vehicle("MH12CD5678")
    changes: list[dict[str, Any]] = [{"seats": 0, "wheelchair_places": 0}, {"plate": "MH12CD5678"}, {"seats": 2}, {"seats": 2}]
    path = f"{VEHICLES}/{first}"

    answers = [await fleet.api.patch(path, json=change, headers={"If-Match": "*"}) for change in changes]
    retired = await fleet.api.patch(f"{VEHICLES}/{second}", json={"status": "retired"}, headers={"If-Match": '"v1"'})
    renamed = await fleet.api.patch(path, json={"plate": "MH12CD5678"}, headers={"If-Match": '"v2"'})

    assert [code(one) for one in answers[:2]] == [(422, "vehicle_carries_nobody"), (409, "plate_taken")]
    assert [one.headers["etag"] for one in answers[2:]] == ['"v2"', '"v2"']
    assert (retired.json()["status"], renamed.json()["plate"]) == ("retired", "MH12CD5678")


async def test_a_vehicle_that_is_to_drive_is_not_retired(fleet: Fleet) -> None:
    trip_id = await fleet.assigned()
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]

    answer = await fleet.api.patch(f"{VEHICLES}/{vehicle_id}", json={"status": "retired"}, headers={"If-Match": "*"})

    assert code(answer) == (409, "vehicle_has_trips")
