"""`waybill simulate trips`: bad links, an API that is killed, and a comparison that can fail."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from deploy.local.failures import StackError
from deploy.local.simulation.audit import Audit, look_at
from deploy.local.simulation.patience import PatientApi
from deploy.local.simulation.plan import MUMBAI, Plan, read_waypoints
from deploy.local.simulation.run import simulate
from deploy.local.simulation.tracks import Track
from deploy.local.simulation.vehicle import SimulatedVehicle
from services.trips.positions.geodesy import metres_between
from shared.testing.database import FreshDatabase
from shared.testing.process import ApiProcess, Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

BAD = Plan(vehicles=3, seconds=2.5, interval_s=0.1, loss=0.3, duplication=0.3, reordering=0.3, skew_s=600, seed=3)


def test_a_track_is_driven_at_one_speed_there_and_back() -> None:
    track = Track(MUMBAI, begins_m=random.Random(1).uniform(0, 30_000))
    spots = [track.after(15.0 * second) for second in range(3000)]
    hops = [
        metres_between(one.latitude, one.longitude, other.latitude, other.longitude) for one, other in itertools.pairwise(spots)
    ]

    # At a bend the straight line is shorter than the way.
    assert max(hops) < 15.1
    assert sorted(hops)[len(hops) // 20] > 14.9
    assert track.after(track.length_m + 5) == track.after(5)


@pytest.mark.parametrize("way", ["", "19,72", "19,72;here", "19,72;91,72", "19,72;19,72"])
def test_what_is_no_way_is_refused(way: str) -> None:
    with pytest.raises(StackError):
        read_waypoints(way)


@pytest_asyncio.fixture
async def trips_api(processes: Processes) -> AsyncIterator[ApiProcess]:
    """The API of trips, at work."""
    api = processes.api("trips")
    await api.ready()
    yield api


@pytest.mark.commits
async def test_what_was_acknowledged_is_stored_over_a_bad_link_and_a_killed_server(
    trips_api: ApiProcess, signing_keys: SigningKeys
) -> None:
    organization_id = uuid4()

    def token_of(subject: str) -> str:
        return signing_keys.token("operator", organization_id=organization_id, subject=subject)

    heard: list[str] = []
    simulation = asyncio.create_task(simulate(BAD, trips_api.url, token_of, heard.append))
    await eventually(lambda: any("s, " in sentence for sentence in heard[2:]), 20, "nobody has set out")
    trips_api.kill9()
    trips_api.restart()
    found = await simulation

    assert found.passed, found
    assert found.counts["points"] >= found.stored > 0
    seen = {name for name, count in found.counts.items() if count}
    assert seen >= {"deliveries lost", "answers lost", "sent twice", "held back", "duplicates", "deliveries without a server"}


@pytest.mark.commits
async def test_a_point_that_is_lost_or_altered_is_found(
    trips_api: ApiProcess, signing_keys: SigningKeys, fresh: FreshDatabase
) -> None:
    headers = {"Authorization": f"Bearer {signing_keys.token('operator', organization_id=uuid4())}"}
    plan = Plan(vehicles=1, seconds=0.4, interval_s=0.1)
    async with (
        httpx.AsyncClient(base_url=trips_api.url, headers=headers) as desk,
        httpx.AsyncClient(base_url=trips_api.url) as link,
    ):
        api = PatientApi(desk)
        vehicle = SimulatedVehicle(api, link, plan, 0)
        ride = await vehicle.get_ready()
        await vehicle.drive(ride)
        async with fresh.open("trips").unit_of_work() as session:
            await session.execute(text("DELETE FROM positions WHERE recorded_at = (SELECT min(recorded_at) FROM positions)"))
            moved = "UPDATE positions SET latitude = 0 WHERE recorded_at = (SELECT max(recorded_at) FROM positions)"
            await session.execute(text(moved))
        found = Audit()
        await look_at(api, ride, found)

    assert (found.missing, found.strange, found.passed) == (1, 1, False)
