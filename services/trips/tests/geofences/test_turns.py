"""Organizations take turns in the watch over geofences: none waits for another, and a turn that is done stays done."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from services.trips.geofences.watching import POINTS, GeofenceWatch, Look
from services.trips.tests.fleet import OURS, THEIRS, fleet_of
from services.trips.tests.geofences.arrange import FENCES, YARD, Way
from services.trips.tests.positions.arrange import reporter
from shared.contracts.trips import WatchGeofences
from shared.runtime.db import Database
from shared.runtime.outcomes import Done
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits
THROUGH = [("enter", 20.0), ("exit", 40.0)]
"""What is seen of a vehicle that drives through the yard in a minute."""


@pytest_asyncio.fixture
async def their_way(way: Way, client: ApiClient) -> Way:
    """A vehicle of another organization."""
    fleet = fleet_of(client, THEIRS)
    device, vehicle_id = await reporter(fleet, client)
    return replace(way, fleet=fleet, device=device, vehicle_id=vehicle_id)


async def test_an_organization_whose_rows_are_held_keeps_no_other_one_waiting_and_loses_nothing(
    way: Way, their_way: Way, owner: asyncpg.Connection
) -> None:
    for one in (way, their_way):
        await one.fleet.ok("POST", FENCES, json=YARD)
    for one in (way, their_way):
        await one.report((0, -300), (60, 300))
    async with owner.transaction():
        # Noting an event of a fence has to see that the fence is there.
        await owner.execute("SELECT FROM geofences WHERE organization_id = $1 FOR UPDATE", OURS)
        await way.look()
        held = [await way.noted(), await their_way.noted()]

    assert held == [[], THROUGH]
    assert [await way.events(), await their_way.noted()] == [THROUGH, THROUGH]


async def test_a_long_way_is_looked_at_in_parts_and_goes_on_after_the_last_one_that_is_done(
    way: Way, owner: asyncpg.Connection
) -> None:
    await way.fleet.ok("POST", FENCES, json=YARD)
    # The third part crosses the yard, from 20 s to 40 s after it begins.
    begin = 2 * POINTS
    await way.report(*[(second, -300) for second in range(begin + 1)], (begin + 60, 300))
    async with owner.transaction():
        await owner.execute("SELECT FROM geofences FOR UPDATE")
        await way.look()
        reached = await owner.fetchval("SELECT upto - $1 FROM geofence_progress", way.clock())

    assert reached.total_seconds() == -60
    assert await way.events() == await way.events() == [(kind, begin + at) for kind, at in THROUGH]


async def test_who_waits_longest_is_looked_at_first_when_there_is_no_time_for_all(
    way: Way, their_way: Way, database: Database
) -> None:
    for one, begins in ((their_way, 0), (way, 10)):
        await one.fleet.ok("POST", FENCES, json=YARD)
        await one.report((begins, -300))
        await one.look()
    for one in (way, their_way):
        await one.report((30, -300), (90, 300))
    hurried = GeofenceWatch(database.unit_of_work, longest_s=0)
    seen = []
    for _ in range(2):
        assert await hurried.call(Look(way.clock())) == Done()
        seen.append([len(await one.noted()) for one in (way, their_way)])

    assert seen == [[0, 2], [2, 2]]


async def test_a_watch_that_runs_twice_at_once_notes_each_crossing_once(way: Way) -> None:
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((0, -300), (60, 300))
    handled = await asyncio.gather(*(way.run_task(WatchGeofences(slot=way.clock())) for _ in range(2)))

    assert [one.outcome for one in handled] == ["done"] * 2
    assert await way.noted() == THROUGH
