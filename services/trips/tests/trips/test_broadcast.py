"""Statuses by message: the same steps as over HTTP, and what followers are shown of them."""

from uuid import UUID

import pytest

from services.trips import deps
from services.trips.tests.fleet import Fleet
from shared.contracts.trips import BroadcastTripStatus, ProcessTripCompletion
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, published


async def test_a_status_is_taken_once_though_its_message_runs_twice(fleet: Fleet, session: Session, run_task: TaskRunner) -> None:
    trip_id = await fleet.assigned()
    await fleet.act(trip_id, "offer/accept")
    on_the_way = BroadcastTripStatus(trip_id=UUID(trip_id), status="en_route_pickup", message="Driver is on the way")
    key = uuid7()

    for _ in range(2):
        await run_task.run([on_the_way], ids=[key], occurred_at=MONDAY_MORNING)
    later = await run_task(BroadcastTripStatus(trip_id=UUID(trip_id), status="en_route_pickup", message="In a jam"))
    nothing = await run_task(BroadcastTripStatus(trip_id=UUID(trip_id), status="en_route_pickup"))

    feed = deps.status_feed(session)
    shown = await feed.after({UUID(trip_id): 4})
    assert (later.outcome, nothing.outcome) == ("done", "dropped")
    assert [(one.number, one.status, one.message) for one in shown] == [
        (5, "en_route_pickup", "Driver is on the way"),
        (6, "en_route_pickup", "In a jam"),
    ]
    assert await feed.after({UUID(trip_id): 6}) == []
    newest = (await fleet.ok("GET", f"/v1/trips/{trip_id}/events"))["items"][0]
    assert (newest["actor"], newest["actor_role"]) == ("message:client", "system")


async def test_the_whole_way_by_message_ends_in_the_completion(fleet: Fleet, session: Session, run_task: TaskRunner) -> None:
    trip_id = UUID(await fleet.assigned())

    for status in ("accepted", "en_route_pickup", "at_pickup", "onboard", "at_dropoff", "completed"):
        said = {"trip_id": trip_id, "status": status, "acting_as": "driver"}
        assert (await run_task(BroadcastTripStatus.model_validate(said), occurred_at=MONDAY_MORNING)).outcome == "done"

    assert [one.trip_id for one in await published(session, ProcessTripCompletion)] == [trip_id]
    (assignment,) = await fleet.ok("GET", f"/v1/trips/{trip_id}/assignments")
    assert assignment["status"] == "accepted"


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("onboard", "StatusForbids"), ("cancelled", "ReasonMissing"), ("no_show", "StatusForbids")],
)
async def test_a_step_that_is_not_legal_is_a_dead_letter_that_says_so(
    fleet: Fleet, run_task: TaskRunner, status: str, refusal: str
) -> None:
    trip_id = UUID(await fleet.assigned())

    handled = await run_task(BroadcastTripStatus.model_validate({"trip_id": trip_id, "status": status}))

    assert (handled.outcome, handled.error_class) == ("dead", refusal)
    assert (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["status"] == "assigned"


async def test_an_unknown_trip_is_a_dead_letter(run_task: TaskRunner) -> None:
    handled = await run_task(BroadcastTripStatus(trip_id=UUID(int=7), status="completed"))

    assert (handled.outcome, handled.error_class) == ("dead", "TripNotFound")
