"""Drivers: kept in one form, told of to notifications, and forgotten when they ask."""

from typing import Any

from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, key, rows, tag
from shared.contracts.notifications import UpsertPerson
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

DRIVERS = "/v1/drivers"


async def test_a_driver_is_kept_in_canonical_form_and_told_of(fleet: Fleet, session: Session) -> None:
    body = {
        "name": " Ravi Kale ",
        "phone": "+91 98123-45678",
        "licence_classes": ["LMV", "HMV", "LMV"],
        "licence_expires_on": "2027-01-31",
        "skills": ["first_aid"],
    }
    made = await fleet.api.post(DRIVERS, json=body, headers=key())
    read = await fleet.api.get(made.headers["location"])

    assert (made.status_code, made.headers["etag"], read.json()) == (201, '"v1"', made.json())
    shown = {name: made.json()[name] for name in ("name", "phone", "licence_classes", "status", "works")}
    assert shown == {
        "name": "Ravi Kale",
        "phone": "+919812345678",
        "licence_classes": ["HMV", "LMV"],
        "status": "active",
        "works": "always",
    }
    reference = f"trips.driver:{made.json()['id']}"
    await assert_published(session, UpsertPerson, reference=reference, entity_version=1, phone="+919812345678", locale="en-IN")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "#/name"),
    ({"phone": "9812345678"}, "#/phone"),
    ({"phone": "+1 800 FLOWERS"}, "#/phone"),
    ({"email": "ravi@localhost"}, "#/email"),
    ({"locale": "english"}, "#/locale"),
    ({"time_zone": "Mumbai"}, "#/time_zone"),
    ({"licence_classes": ["l m v"]}, "#/licence_classes/0"),
    ({"skills": ["First Aid"]}, "#/skills/0"),
    ({"works": "sometimes"}, "#/works"),
    ({"nickname": "Ravi"}, "#/nickname"),
]


async def test_what_nobody_can_be_is_refused_and_nothing_is_kept(fleet: Fleet, session: Session) -> None:
    for fields, pointer in BAD:
        answer = await fleet.api.post(DRIVERS, json={"name": "Ravi"} | fields, headers=key())
        assert (code(answer), [one["pointer"] for one in answer.json()["errors"]]) == ((422, "invalid_request"), [pointer])

    assert await rows(session, "SELECT 1 FROM drivers") == []
    await assert_nothing_published(session)


async def test_a_change_needs_the_version_that_it_changes(fleet: Fleet, session: Session) -> None:
    path = f"{DRIVERS}/{await fleet.driver()}"

    refused = [await fleet.api.patch(path, json={"name": "Eve"}, headers=what) for what in ({}, {"If-Match": '"v7"'})]
    changed = await fleet.api.patch(path, json={"status": "suspended"}, headers={"If-Match": '"v1"'})
    same = await fleet.api.patch(path, json={"status": "suspended"}, headers=tag(changed))

    assert [one.status_code for one in refused] == [428, 412]
    assert (changed.headers["etag"], changed.json()["name"], same.headers["etag"]) == ('"v2"', "Ravi Kale", '"v2"')
    assert [one.entity_version for one in await published(session, UpsertPerson)] == [1, 2]


async def test_an_erased_driver_is_nobody_and_one_who_still_has_to_drive_is_not_erased(fleet: Fleet, session: Session) -> None:
    trip_id = await fleet.assigned()
    driver_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["driver_id"]
    path = f"{DRIVERS}/{driver_id}"

    refused = await fleet.api.delete(path, headers={"If-Match": "*"})
    await fleet.step(trip_id, "cancelled", acting_as="operator", reason="the clinic is closed")
    erased = await fleet.api.delete(path, headers={"If-Match": '"v1"'})
    again = await fleet.api.delete(path, headers={"If-Match": '"v2"'})
    change = await fleet.api.patch(path, json={"name": "Ravi"}, headers={"If-Match": "*"})

    assert [code(one) for one in (refused, change)] == [(409, "driver_has_trips"), (409, "driver_erased")]
    assert (erased.status_code, again.status_code) == (204, 204)
    query = "SELECT name, phone, email, licence_classes, status, version FROM drivers"
    assert await rows(session, query) == [("Erased driver", None, None, [], "left", 2)]
    nobody = await assert_published(session, UpsertPerson, reference=f"trips.driver:{driver_id}", entity_version=2)
    assert (nobody.name, nobody.phone) == (None, None)


async def test_drivers_are_listed_newest_first_by_page_and_by_status(fleet: Fleet, client: ApiClient) -> None:
    ids = [await fleet.driver(name=name) for name in ("Ann", "Ben", "Cem")]
    await fleet.ok("PATCH", f"{DRIVERS}/{ids[1]}", json={"status": "left"}, headers={"If-Match": "*"})

    first = await fleet.ok("GET", DRIVERS, params={"limit": 2})
    second = await fleet.ok("GET", DRIVERS, params={"limit": 2, "cursor": first["next_cursor"]})
    active = await fleet.ok("GET", DRIVERS, params={"status": "active"})
    theirs = await fleet_of(client, THEIRS).ok("GET", DRIVERS)
    foreign = await fleet_of(client, THEIRS).api.get(f"{DRIVERS}/{ids[0]}")

    assert [one["name"] for page in (first, second) for one in page["items"]] == ["Cem", "Ben", "Ann"]
    assert [one["name"] for one in active["items"]] == ["Cem", "Ann"]
    assert (theirs["items"], code(foreign)) == ([], (404, "driver_not_found"))
