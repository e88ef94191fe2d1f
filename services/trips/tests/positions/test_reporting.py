"""Positions of devices: durable when they are answered, each once, and never moving a marker back."""

import json

import pytest

from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows
from services.trips.tests.positions.arrange import HERE, POSITIONS, ago, device, point, reporter
from shared.runtime.db import Session
from shared.testing.service import ApiClient

BATCH = f"{POSITIONS}/batch"


async def test_a_position_is_kept_once_and_shown_as_the_latest(fleet: Fleet, client: ApiClient, session: Session) -> None:
    api, vehicle_id = await reporter(fleet, client)
    sent = point(10, speed_mps=8.5, heading_deg=174, altitude_m=12, battery_ratio=0.8, attributes={"ignition": True})
    first, again = [await api.post(POSITIONS, json=sent) for _ in range(2)]
    (latest,) = await fleet.ok("GET", f"{POSITIONS}/latest")
    track = await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions")

    assert [one.json() for one in (first, again)] == [{"outcome": "accepted"}, {"outcome": "duplicate"}]
    assert (latest["vehicle_id"], latest["recorded_at"]) == (vehicle_id, "2026-03-02T08:59:50Z")
    (kept,) = track["items"]
    assert (kept["latitude"], kept["longitude"], kept["speed_mps"], kept["attributes"]) == (*HERE, 8.5, {"ignition": True})
    assert await rows(session, "SELECT count(*), count(device_id) FROM positions") == [(1, 1)]


async def test_the_latest_of_many_vehicles_are_one_answer_of_many_parts(fleet: Fleet, client: ApiClient) -> None:
    nobody = await fleet.api.get(f"{POSITIONS}/latest", params={"box": "0,0,1,1"})
    vehicles = set()
    for second in range(40):
        api, vehicle_id = await reporter(fleet, client)
        await api.post(POSITIONS, json=point(second, speed_mps=8.5))
        vehicles.add(vehicle_id)
    answer = await fleet.api.get(f"{POSITIONS}/latest")

    assert (nobody.text, nobody.headers["Content-Length"]) == ("[]", "2")
    assert {one["vehicle_id"] for one in answer.json()} == vehicles
    assert len(answer.json()) == len(vehicles)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert " " not in answer.text


async def test_late_points_are_kept_and_never_move_the_marker_back(fleet: Fleet, client: ApiClient) -> None:
    api, vehicle_id = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(10, north_m=100))
    late = await api.post(BATCH, json=[point(20, north_m=20), point(30)])
    (latest,) = await fleet.ok("GET", f"{POSITIONS}/latest")
    track = await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions?limit=2")
    rest = await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions?limit=2&cursor={track['next_cursor']}")

    assert late.json() == {"accepted": 2, "duplicates": 0, "rejected": 0, "rejections": []}
    assert latest["recorded_at"] == "2026-03-02T08:59:50Z"
    assert [one["recorded_at"] for one in (*track["items"], *rest["items"])] == [ago(seconds=s) for s in (30, 20, 10)]


async def test_a_batch_says_of_each_what_became_of_it_and_drops_can_be_looked_at(fleet: Fleet, client: ApiClient) -> None:
    api, vehicle_id = await reporter(fleet, client)
    sent = [
        point(60),
        point(60, latitude=19.1),
        point(50, latitude=91),
        point(-3600),
        point(latitude=0, longitude=0),
        point(40, accuracy_m=900),
        point(30, recorded_at="1970-01-01T00:00:05Z"),
        point(20, north_m=50_000),
        point(10, north_m=20),
        {"recorded_at": ago(seconds=1), "latitude": "19", "longitude": 72},
    ]
    text = json.dumps(sent).replace('"19"', "NaN")
    answer = (await api.post(BATCH, content=text, headers={"Content-Type": "application/json"})).json()
    drops = await fleet.ok("GET", f"{POSITIONS}/drops?vehicle_id={vehicle_id}")

    reasons = {one["index"]: one["reason"] for one in answer["rejections"]}
    assert reasons == {2: "invalid", 3: "future", 4: "null_island", 5: "inaccurate", 6: "past", 7: "teleport", 9: "invalid"}
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (2, 1, 7)
    assert {one["reason"]: one["points"] for one in drops["items"]} == dict.fromkeys(reasons.values(), 1) | {"invalid": 2}
    (teleport,) = [one for one in drops["items"] if one["reason"] == "teleport"]
    assert teleport["sample"]["recorded_at"] == "2026-03-02T08:59:40+00:00"


async def test_lines_are_points_and_one_that_is_none_spoils_no_other(fleet: Fleet, client: ApiClient) -> None:
    api, _ = await reporter(fleet, client)
    lines = "\n".join((json.dumps(point(3)), "{", "", json.dumps(point(2))))
    answer = await api.post(BATCH, content=lines, headers={"Content-Type": "application/x-ndjson"})

    assert (answer.json()["accepted"], answer.json()["rejections"][0]["detail"]) == (2, "the line is not JSON")


async def test_a_jump_is_believed_when_the_next_point_is_near_it(fleet: Fleet, client: ApiClient) -> None:
    api, _ = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(60))
    jump = await api.post(POSITIONS, json=point(50, north_m=50_000))
    back = await api.post(POSITIONS, json=point(40, north_m=30))
    far = [await api.post(POSITIONS, json=point(30 - second, north_m=50_000 + second)) for second in (0, 1)]
    (latest,) = await fleet.ok("GET", f"{POSITIONS}/latest")

    assert (code(jump), jump.json()["reason"], back.status_code) == ((422, "position_refused"), "teleport", 200)
    assert [one.status_code for one in far] == [422, 200]
    assert latest["recorded_at"] == "2026-03-02T08:59:31Z"


async def test_a_point_is_no_duplicate_of_one_that_is_dropped(fleet: Fleet, client: ApiClient) -> None:
    api, vehicle_id = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(60))
    sent = [
        point(30, trip_id="019a9f5e-0a00-7e21-b7c4-90ab12cd34ef"),
        point(30, north_m=1),
        point(20, north_m=50_000),
        point(20, north_m=2),
        point(20, north_m=3),
    ]
    answer = (await api.post(BATCH, json=sent)).json()
    track = await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions")

    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert {one["index"]: one["reason"] for one in answer["rejections"]} == {0: "trip_unknown", 2: "teleport"}
    kept = [(one["recorded_at"], one["latitude"]) for one in track["items"]]
    assert kept == [(ago(seconds=60 - n * 10), point(north_m=north)["latitude"]) for n, north in ((0, 0), (3, 1), (4, 2))]


async def test_a_point_belongs_to_the_trip_that_its_vehicle_drove_then(fleet: Fleet, client: ApiClient, session: Session) -> None:
    trip_id = await fleet.assigned()
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    api, _ = await reporter(fleet, client, vehicle_id)
    await fleet.drive(trip_id, "completed")
    answer = await api.post(BATCH, json=[point(1), point(0), point(-1), point(-2, trip_id=trip_id)])
    other = await api.post(POSITIONS, json=point(-3, trip_id="019a9f5e-0a00-7e21-b7c4-90ab12cd34ef"))

    assert [one["reason"] for one in answer.json()["rejections"]] == ["trip_ended"]
    assert other.json()["reason"] == "trip_unknown"
    kept = await rows(session, "SELECT trip_id FROM positions ORDER BY recorded_at")
    assert [str(one) for (one,) in kept] == ["None", trip_id, "None"]


async def test_a_point_that_names_a_trip_before_its_driver_has_set_out_is_kept_and_belongs_to_none(
    fleet: Fleet, client: ApiClient, session: Session
) -> None:
    trip_id = await fleet.assigned()
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    api, _ = await reporter(fleet, client, vehicle_id)
    early = await api.post(POSITIONS, json=point(2, trip_id=trip_id))
    await fleet.drive(trip_id, "en_route_pickup")
    answer = await api.post(BATCH, json=[point(1, trip_id=trip_id), point(0, trip_id=trip_id)])

    assert (early.json(), answer.json()["accepted"]) == ({"outcome": "accepted"}, 2)
    kept = await rows(session, "SELECT trip_id FROM positions ORDER BY recorded_at")
    assert [str(one) for (one,) in kept] == ["None", "None", trip_id]


async def test_whoever_is_no_device_reports_nothing(fleet: Fleet, client: ApiClient, session: Session) -> None:
    made = await device(fleet)
    location = f"/v1/devices/{made['id']}"
    await fleet.ok("POST", f"{location}/revoke", headers={"If-Match": "*"})
    callers = (client, client.with_token("wbd_unknown"), client.with_token(made["token"]), fleet.api)
    answers = [await api.post(path, json=body) for api in callers for path, body in ((POSITIONS, point()), (BATCH, [point()]))]
    foreign = await fleet_of(client, THEIRS).api.get(f"/v1/vehicles/{made['vehicle_id']}/positions")

    assert {code(one) for one in answers} == {(401, "unauthenticated")}
    assert code(foreign) == (404, "vehicle_not_found")
    assert await rows(session, "SELECT count(*) FROM positions") == [(0,)]


BAD: list[tuple[str, str, tuple[int, str]]] = [
    ("application/json", "{", (422, "batch_unreadable")),
    ("application/json", '{"a": 1}', (422, "batch_unreadable")),
    ("text/csv", "a,b", (415, "unknown_batch_type")),
    ("application/json", "[" + ",".join(["0"] * 100_001) + "]", (413, "too_many_points")),
    ("application/x-ndjson", "0\n" * 100_001, (413, "too_many_points")),
]


@pytest.mark.parametrize(("kind", "body", "refusal"), BAD)
async def test_a_body_that_is_no_batch_is_refused(
    fleet: Fleet, client: ApiClient, kind: str, body: str, refusal: tuple[int, str]
) -> None:
    api, _ = await reporter(fleet, client)

    assert code(await api.post(BATCH, content=body, headers={"Content-Type": kind})) == refusal
