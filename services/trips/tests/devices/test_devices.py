"""Devices: a token that is shown once, one vehicle, and an end for good."""

from typing import Any

from services.trips import deps
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows, tag
from shared.runtime.db import Session
from shared.testing.service import ApiClient

DEVICES = "/v1/devices"


async def device(fleet: Fleet, **fields: Any) -> Any:
    """The answer to a request for a device in a vehicle of the fleet."""
    body = {"identifier": "tablet-7"} | fields
    return await fleet.api.post(DEVICES, json=body | {"vehicle_id": fields.get("vehicle_id") or await fleet.vehicle()})


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(fleet: Fleet, session: Session) -> None:
    made = await device(fleet)
    read = await fleet.api.get(made.headers["location"])
    entrance = deps.device_entrance(session)
    token = made.json()["token"]

    known = await entrance.by_token(token)
    unknown = await entrance.by_token(token + "x")

    assert (made.status_code, read.json()) == (201, {name: value for name, value in made.json().items() if name != "token"})
    assert (known and str(known.id), unknown) == (made.json()["id"], None)
    ((kept,),) = await rows(session, "SELECT to_jsonb(devices)::text FROM devices")
    assert token not in kept


async def test_an_identifier_is_one_devices_until_it_is_revoked(fleet: Fleet, client: ApiClient, session: Session) -> None:
    made = await device(fleet)
    theirs = fleet_of(client, THEIRS)
    taken = await device(theirs)
    revoked = await fleet.api.post(f"{made.headers['location']}/revoke", headers=tag(made))
    again = await fleet.api.post(f"{made.headers['location']}/revoke", headers=tag(revoked))
    changed = await fleet.api.patch(made.headers["location"], json={"label": "old"}, headers={"If-Match": "*"})
    given_on = await device(theirs, vehicle_id=(await theirs.ok("GET", "/v1/vehicles"))["items"][0]["id"])

    assert [code(one) for one in (taken, changed)] == [(409, "identifier_taken"), (409, "device_revoked")]
    assert (revoked.json()["revoked_at"], again.headers["etag"]) == ("2026-03-02T09:00:00Z", '"v2"')
    assert given_on.status_code == 201
    assert await deps.device_entrance(session).by_token(made.json()["token"]) is None


async def test_a_new_token_replaces_the_old_one(fleet: Fleet, session: Session) -> None:
    made = await device(fleet)
    rotated = await fleet.api.post(f"{made.headers['location']}/token", headers=tag(made))
    late = await fleet.api.post(f"{made.headers['location']}/token", headers=tag(made))
    entrance = deps.device_entrance(session)

    assert (rotated.status_code, late.status_code) == (201, 412)
    assert await entrance.by_token(made.json()["token"]) is None
    assert await entrance.by_token(rotated.json()["token"]) is not None


async def test_who_needs_a_token_is_not_let_in_by_its_name(fleet: Fleet, session: Session) -> None:
    vehicle_id = await fleet.vehicle()
    strict = await device(fleet, vehicle_id=vehicle_id, protocol="owntracks", identifier="ravi/phone")
    await device(fleet, vehicle_id=vehicle_id, protocol="osmand", identifier="7421096385120476", token_required=False)
    entrance = deps.device_entrance(session)

    tokens = (None, "wbd_wrong", strict.json()["token"])
    let_in = [await entrance.by_identifier("owntracks", "ravi/phone", token) is not None for token in tokens]
    bare = [await entrance.by_identifier("osmand", "7421096385120476", token) is not None for token in (None, "wbd_wrong")]

    assert (let_in, bare) == ([False, False, True], [True, False])


BAD: list[dict[str, Any]] = [
    {"protocol": "owntracks", "identifier": "phone"},
    {"token_required": False, "identifier": "tablet-7"},
    {"identifier": "tablet 7"},
    {"protocol": "mqtt"},
]


async def test_what_is_no_device_is_refused(fleet: Fleet, client: ApiClient) -> None:
    vehicle_id = await fleet.vehicle()
    answers = [await device(fleet, vehicle_id=vehicle_id, **fields) for fields in BAD]
    foreign = await device(fleet_of(client, THEIRS), vehicle_id=vehicle_id)
    await fleet.ok("PATCH", f"/v1/vehicles/{vehicle_id}", json={"status": "retired"}, headers={"If-Match": "*"})
    retired = await device(fleet, vehicle_id=vehicle_id)

    assert [code(one) for one in answers] == [(422, "invalid_request")] * len(BAD)
    assert [code(one) for one in (foreign, retired)] == [(404, "vehicle_not_found"), (409, "vehicle_retired")]
    assert (await fleet.ok("GET", DEVICES))["items"] == []
