"""Organizations take turns in the watch over trips: what one of them has keeps no other one waiting."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from services.trips import deps
from services.trips.flags.watching import Look, TripWatch
from services.trips.tests.fleet import OURS, THEIRS, Fleet, at, fleet_of
from shared.contracts.notifications import SendNotification
from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.db import Database
from shared.runtime.outcomes import Done
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits
LONG_AFTER = MONDAY_MORNING + timedelta(hours=6, seconds=1)
FLAGGED = ["over_duration"]


@pytest_asyncio.fixture
async def fleets(fleet: Fleet, client: ApiClient) -> list[Fleet]:
    """Two organizations, each with a dispatcher and a trip whose driver has set out at nine."""
    both = [fleet, fleet_of(client, THEIRS)]
    for one in both:
        await one.ok("PUT", "/v1/dispatch-settings", json={"dispatcher": "trips.driver:desk"})
        trip_id = await one.assigned(pickup_at=at(10), appointment_at=None)
        await one.drive(trip_id, "en_route_pickup")
    return both


async def flags(fleets: list[Fleet]) -> list[list[str]]:
    """The kinds of the open flags of each."""
    return [[flag["kind"] for flag in (await one.ok("GET", "/v1/trip-flags"))["items"]] for one in fleets]


async def test_an_organization_whose_trips_are_held_keeps_no_other_one_waiting_and_loses_nothing(
    fleets: list[Fleet], run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    async with owner.transaction():
        # Raising a flag has to see that the trip is there.
        await owner.execute("SELECT FROM trips WHERE organization_id = $1 FOR UPDATE", OURS)
        outcome = (await run_task(CheckTripTimeouts(slot=LONG_AFTER))).outcome
        held = await flags(fleets)
    await run_task(CheckTripTimeouts(slot=LONG_AFTER))

    assert (outcome, held) == ("done", [[], FLAGGED])
    assert await flags(fleets) == [FLAGGED, FLAGGED]
    sent = await owner.fetchval("SELECT count(*) FROM outbox WHERE name = $1", SendNotification.contract.name)
    assert sent == len(fleets)


async def test_a_trip_that_spoils_the_look_at_all_leaves_out_its_own_organization_alone(
    fleets: list[Fleet], run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    await owner.execute(
        "UPDATE trips SET started_at = '294276-12-31 23:00Z', version = version + 1 WHERE organization_id = $1", OURS
    )
    spoilt = await run_task(CheckTripTimeouts(slot=LONG_AFTER))

    assert spoilt.outcome != "done"
    assert await flags(fleets) == [[], FLAGGED]


async def test_who_has_had_no_turn_is_looked_at_next_time(fleets: list[Fleet], database: Database) -> None:
    hurried = TripWatch(deps.WATCHED, database.unit_of_work, deps.trip_flags, longest_s=0)
    seen = []
    for _ in range(3):
        assert await hurried.call(Look(LONG_AFTER)) == Done()
        seen.append(sum(map(len, await flags(fleets))))

    assert seen == [1, 2, 2]


async def test_a_watch_that_runs_twice_at_once_tells_people_once(
    fleets: list[Fleet], run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    handled = await asyncio.gather(*(run_task(CheckTripTimeouts(slot=LONG_AFTER)) for _ in range(2)))

    assert [one.outcome for one in handled] == ["done"] * 2
    assert await flags(fleets) == [FLAGGED, FLAGGED]
    sent = await owner.fetchval("SELECT count(*) FROM outbox WHERE name = $1", SendNotification.contract.name)
    assert sent == len(fleets)
