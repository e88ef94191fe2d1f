"""Links of a trip: anybody who has one sees where it is, nothing else, and nothing any more once it is over."""

import base64
import hashlib
import re
import socket
from datetime import timedelta

import pytest
from fastapi import FastAPI

from services.trips.shares.page import page
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows
from services.trips.tests.live.followers import following
from services.trips.tests.positions.arrange import POSITIONS, point, reporter, update
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.http_server import serving, url_of
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


async def link_of(fleet: Fleet, trip_id: str) -> dict[str, str]:
    """A new link."""
    made: dict[str, str] = await fleet.ok("POST", f"/v1/trips/{trip_id}/share-links")
    return made


async def test_a_link_shows_a_page_whose_policy_allows_its_own_script_alone(
    fleet: Fleet, client: ApiClient, session: Session
) -> None:
    trip_id = await fleet.assigned()
    path = (await link_of(fleet, trip_id))["path"]
    shown = await client.get(path)
    unknown = await client.get("/v1/share/nonsense")

    script = re.search(r"<script>(.*)</script>", shown.text, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in shown.headers["content-security-policy"]
    assert (shown.status_code, "img-src" in shown.headers["content-security-policy"]) == (200, False)
    assert not re.search(r"(src|href)=", shown.text)
    assert code(unknown) == (404, "share_link_not_found")
    ((kept,),) = await rows(session, "SELECT to_jsonb(share_links)::text FROM share_links")
    assert path.rpartition("/")[2] not in kept


def test_tiles_come_from_where_the_setting_says_and_nowhere_else() -> None:
    html, policy = page("https://tiles.example.org/{z}/{x}/{y}.png")

    assert b'data-tiles="https://tiles.example.org/{z}/{x}/{y}.png"' in html
    assert "img-src https://tiles.example.org;" in policy


async def test_a_link_ends_half_an_hour_after_the_trip_or_when_it_is_revoked(
    fleet: Fleet, client: ApiClient, clock: FrozenClock
) -> None:
    trip_id = await fleet.assigned()
    kept, revoked = [await link_of(fleet, trip_id) for _ in range(2)]
    theirs = fleet_of(client, THEIRS)
    foreign = [await theirs.api.post(path) for path in _paths(trip_id, revoked["id"])]
    for _ in range(2):
        await fleet.ok("POST", f"/v1/share-links/{revoked['id']}/revoke")
    await fleet.drive(trip_id, "completed")
    clock.advance(timedelta(minutes=29, seconds=59))
    just_before = await client.get(kept["path"])
    clock.advance(timedelta(seconds=1))
    over = [await client.get(f"{link['path']}{end}") for link in (kept, revoked) for end in ("", "/live")]
    late = await fleet.api.post(f"/v1/trips/{trip_id}/share-links")
    listed = await fleet.ok("GET", f"/v1/trips/{trip_id}/share-links")

    assert [code(one) for one in foreign] == [(404, "trip_not_found"), (404, "share_link_not_found")]
    assert just_before.status_code == 200
    assert {code(one) for one in over} == {(410, "share_link_over")}
    assert code(late) == (409, "trip_over")
    assert [one["revoked_at"] is None for one in listed] == [False, True]


def _paths(trip_id: str, link_id: str) -> tuple[str, str]:
    return f"/v1/trips/{trip_id}/share-links", f"/v1/share-links/{link_id}/revoke"


@pytest.mark.commits
async def test_who_has_the_link_does_not_see_where_the_driver_is_before_setting_out(
    app: FastAPI, fleet: Fleet, client: ApiClient, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned()
    path = (await link_of(fleet, trip_id))["path"]
    device, _ = await reporter(fleet, client, (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"])
    await device.post(POSITIONS, json=point(20, trip_id=trip_id))
    handled = await run_task(update(trip_id, 10))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener), following(url_of(listener), f"{path}/live") as stream:
            (snapshot,) = await stream.until("snapshot")
            await device.post(POSITIONS, json=point(5, trip_id=trip_id))
            await fleet.drive(trip_id, "en_route_pickup")
            await stream.until("status", 2)
            await run_task(update(trip_id, -1))
            (position,) = await stream.until("position")

    assert (handled.outcome, snapshot.data["trips"][0]["position"]) == ("done", None)
    assert [one.name for one in stream.seen] == ["snapshot", "status", "status", "position"]
    assert position.data["recorded_at"] == "2026-03-02T09:00:01Z"


@pytest.mark.commits
async def test_who_has_the_link_is_told_nothing_that_people_wrote(app: FastAPI, fleet: Fleet) -> None:
    trip_id = await fleet.assigned()
    path = (await link_of(fleet, trip_id))["path"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener), following(url_of(listener), f"{path}/live") as stream:
            (snapshot,) = await stream.until("snapshot")
            await fleet.step(trip_id, "cancelled", acting_as="operator", reason="Ravi has the measles")
            (status,) = await stream.until("status")

    assert {*snapshot.data["trips"][0]} == {"trip_id", "status", "version", "at", "position"}
    assert status.data["status"] == "cancelled"
    assert "measles" not in str(stream.seen)
