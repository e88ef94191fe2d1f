"""Requests as OsmAnd, Traccar Client and OwnTracks send them are answered as their own servers answer."""

import base64
from typing import Any, Final

import httpx
import pytest

from services.trips.tests.fleet import Fleet, rows
from services.trips.tests.positions.arrange import device
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

STAMP: Final = int(MONDAY_MORNING.timestamp())
BARE: Final = "7421096385120476"
KEPT: Final = """
    SELECT recorded_at, latitude, longitude, round(speed_mps::numeric, 2)::float8, heading_deg, altitude_m, accuracy_m,
           round(battery_ratio::numeric, 2)::float8, source, attributes
      FROM positions ORDER BY recorded_at
"""
ANDROID: Final = {"User-Agent": "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A.240905.003)"}
QUERY: Final = (
    f"id={BARE}&timestamp={STAMP}&lat=19.0544&lon=72.8277&speed=15.5508&bearing=174.0&altitude=12.5&accuracy=4.3&batt=83.0"
)
TRACCAR: Final[dict[str, Any]] = {
    "location": {
        "timestamp": "2026-03-02T09:00:00.000Z",
        "coords": {"latitude": 19.0544, "longitude": 72.8277, "accuracy": 4.3, "speed": 8, "heading": 174, "altitude": 12.5},
        "is_moving": True,
        "odometer": 1520.4,
        "event": "motionchange",
        "battery": {"level": 0.83, "is_charging": False},
        "activity": {"type": "in_vehicle"},
        "extras": {},
    },
    "device_id": BARE,
}
OWNTRACKS: Final[dict[str, Any]] = {
    "_type": "location",
    "tid": "RK",
    "lat": 19.0544,
    "lon": 72.8277,
    "tst": STAMP,
    "acc": 4,
    "alt": 12,
    "vel": 29,
    "cog": 174,
    "batt": 83,
    "bs": 1,
    "conn": "m",
    "t": "u",
    "inregions": ["depot"],
    "topic": "owntracks/ravi/phone",
}


async def bare(fleet: Fleet) -> None:
    """A device of OsmAnd that shows no token."""
    await device(fleet, protocol="osmand", identifier=BARE, token_required=False)


async def phone(fleet: Fleet) -> dict[str, str]:
    """A phone of OwnTracks, and what it authenticates by."""
    token = (await device(fleet, protocol="owntracks", identifier="ravi/phone"))["token"]
    return {"Authorization": f"Basic {base64.b64encode(f'ravi:{token}'.encode()).decode()}"}


def said(answer: httpx.Response) -> tuple[int, bytes]:
    """Status and body."""
    return answer.status_code, answer.content


async def test_traccar_clients_query_is_taken_in_knots(fleet: Fleet, client: ApiClient, session: Session) -> None:
    await bare(fleet)
    answers = [await client.post(f"/osmand?{QUERY}", headers=ANDROID), await client.get(f"/osmand?{QUERY}&driverUniqueId=7")]

    assert [said(one) for one in answers] == [(200, b""), (200, b"")]
    assert await rows(session, KEPT) == [
        (MONDAY_MORNING, 19.0544, 72.8277, 8.0, 174.0, 12.5, pytest.approx(4.3), 0.83, "osmand", None)
    ]


async def test_osmands_form_is_taken_with_what_else_it_says(fleet: Fleet, client: ApiClient, session: Session) -> None:
    await bare(fleet)
    form = f"deviceid={BARE}&location=19.0544,72.8277&timestamp={STAMP}000&speed=-1&heading=-1&hdop=1.2&alarm=sos&lock=true"
    answer = await client.post("/osmand", content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    nowhere = await client.post(f"/osmand?id={BARE}&notificationToken=abc")

    assert [said(one) for one in (answer, nowhere)] == [(200, b""), (200, b"")]
    assert await rows(session, KEPT) == [
        (MONDAY_MORNING, 19.0544, 72.8277, *[None] * 5, "osmand", {"hdop": 1.2, "alarm": "sos", "lock": True})
    ]


async def test_traccar_clients_json_is_taken_in_metres_per_second(fleet: Fleet, client: ApiClient, session: Session) -> None:
    await bare(fleet)
    answers = [
        await client.post("/osmand", json=TRACCAR),
        await client.post("/osmand", json=TRACCAR | {"device_id": "nobody"}),
        await client.post("/osmand", json={"device_id": BARE}),
        await client.post("/osmand", json=TRACCAR, headers={"Content-Type": "Application/JSON; charset=utf-8"}),
    ]

    assert [said(one) for one in answers] == [(200, b""), (404, b""), (400, b""), (200, b"")]
    ((*_, speed, heading, altitude, accuracy, battery, source, further),) = await rows(session, KEPT)
    assert (speed, heading, altitude, accuracy, battery) == (8.0, 174.0, 12.5, pytest.approx(4.3), 0.83)
    assert (source, further["activity"], further["is_moving"], further["is_charging"]) == ("traccar", "in_vehicle", True, False)


BAD: Final = {
    "id=nobody&lat=19&lon=72": 400,
    "lat=19&lon=72": 400,
    f"id={BARE}&lat=91&lon=72": 400,
    f"id={BARE}&lat=NaN&lon=72": 400,
    f"id={BARE}&lat=19&lon=72&timestamp=yesterday": 400,
    f"id={BARE}&lat=19&lon=72&timestamp=5": 200,
    f"id={BARE}&lat=19&lon=72&valid=false": 200,
    f"id={BARE}&lat=0&lon=0": 200,
}


async def test_what_is_no_position_of_osmand_is_answered_by_status_alone(
    fleet: Fleet, client: ApiClient, session: Session
) -> None:
    await bare(fleet)
    answers = {query: said(await client.get(f"/osmand?{query}")) for query in BAD}

    assert answers == {query: (status, b"") for query, status in BAD.items()}
    assert await rows(session, KEPT) == []
    counted = await rows(session, "SELECT reason, points FROM position_drops ORDER BY reason")
    assert counted == [("invalid", 4), ("null_island", 1), ("past", 1)]


async def test_a_device_that_needs_its_token_has_it_in_its_url(fleet: Fleet, client: ApiClient) -> None:
    token = (await device(fleet, protocol="osmand", identifier="van-7"))["token"]
    query = QUERY.replace(BARE, "van-7")
    paths = (f"/osmand?{query}", f"/osmand/wbd_wrong?{query}", f"/osmand/{token}?{query}", f"/osmand?{query}&token={token}")

    assert [(await client.get(path)).status_code for path in paths] == [400, 400, 200, 200]


async def test_owntracks_is_taken_in_kilometres_per_hour(fleet: Fleet, client: ApiClient, session: Session) -> None:
    who = await phone(fleet)
    answer = await client.post("/pub", json=OWNTRACKS, headers=who)

    assert (said(answer), answer.headers["content-type"]) == ((200, b"[]"), "application/json")
    ((*_, speed, heading, altitude, accuracy, battery, source, further),) = await rows(session, KEPT)
    assert (speed, heading, altitude, accuracy, battery, source) == (8.06, 174.0, 12.0, 4.0, 0.83, "owntracks")
    assert further == {"tid": "RK", "t": "u", "bs": 1, "conn": "m", "inregions": "depot"}


async def test_owntracks_says_who_it_is_in_several_ways(fleet: Fleet, client: ApiClient) -> None:
    who = await phone(fleet)
    nameless = {name: value for name, value in OWNTRACKS.items() if name != "topic"}
    limits = {"X-Limit-U": "ravi", "X-Limit-D": "phone"}
    answers = [
        await client.post("/pub", json=nameless, headers=who | limits),
        await client.post("/pub?u=ravi&d=phone", json=nameless, headers=who),
        await client.post("/pub", json=nameless, headers=who),
        await client.post("/pub", json=OWNTRACKS),
        await client.post("/pub", json=OWNTRACKS | {"topic": "owntracks/ravi/tablet"}, headers=who),
    ]

    assert [said(one) for one in answers] == [(200, b"[]")] * 2 + [(400, b"[]")] + [(401, b"[]")] * 2
    assert answers[3].headers["WWW-Authenticate"].startswith("Basic")


async def test_what_is_no_position_of_owntracks_ends_the_phones_tries(fleet: Fleet, client: ApiClient, session: Session) -> None:
    who = await phone(fleet)
    topic = {"topic": "owntracks/ravi/phone"}
    done = [topic | {"_type": "lwt", "tst": STAMP}, topic | {"_type": "news"}, OWNTRACKS | {"lat": 91}, OWNTRACKS | {"tst": 5}]
    answers = [await client.post("/pub", json=body, headers=who) for body in done]
    empty = await client.post("/pub", content=b"", headers=who)
    kept = [await client.post("/pub", content=text, headers=who) for text in ('{"_type":"encrypted","data":"…"}', "{")]

    assert [said(one) for one in (*answers, empty, *kept)] == [(200, b"[]")] * 5 + [(400, b"[]")] * 2
    assert await rows(session, KEPT) == []
    assert await rows(session, "SELECT reason FROM position_drops ORDER BY reason") == [("invalid",), ("past",)]


async def test_a_token_that_none_can_be_is_answered_as_an_unknown_device(client: ApiClient) -> None:
    assert said(await client.get(f"/osmand/{'a' * 101}?{QUERY}")) == (400, b"")
