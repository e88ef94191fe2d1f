"""Statuses by message: the same steps as over HTTP, and what followers are shown of them."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.trips import deps
from services.trips.tests.fleet import Fleet, at, rows
from shared.contracts.trips import BroadcastTripStatus, ExpireOffer, ProcessTripCompletion
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import Handled, TaskRunner, published


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


async def test_a_message_of_before_takes_its_step_no_earlier_than_the_one_that_it_follows(
    fleet: Fleet, clock: FrozenClock, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    clock.advance(timedelta(minutes=30))
    await fleet.step(trip_id, "at_pickup")

    # A dead letter that is replayed keeps its time.
    replayed = BroadcastTripStatus(trip_id=UUID(trip_id), status="onboard")
    await run_task(replayed, occurred_at=MONDAY_MORNING + timedelta(minutes=20))
    for status in ("at_dropoff", "completed"):
        await fleet.step(trip_id, status)
    completed = await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))

    trip = await fleet.ok("GET", f"/v1/trips/{trip_id}")
    assert (trip["pickup_arrived_at"], trip["onboard_at"], completed.outcome) == (at(9, 30), at(9, 30), "done")
    facts = await fleet.ok("GET", f"/v1/trips/{trip_id}/completion")
    assert (facts["duration_s"], facts["waiting_s"]) == (0, 0)


@pytest.mark.parametrize("status", ["accepted", "en_route_pickup"])
async def test_what_a_driver_said_who_has_the_trip_no_more_binds_no_other(
    fleet: Fleet, clock: FrozenClock, session: Session, run_task: TaskRunner, status: str
) -> None:
    trip_id = await fleet.assigned()
    (end,) = await published(session, ExpireOffer)
    next_driver = await fleet.driver(name="Sita")
    clock.advance(timedelta(minutes=6))
    await run_task(end)
    if status != "accepted":
        await fleet.act(trip_id, "offer/accept")

    said = BroadcastTripStatus.model_validate({"trip_id": trip_id, "status": status, "acting_as": "driver"})
    late = await run_task(said, occurred_at=MONDAY_MORNING + timedelta(minutes=4))

    trip = await fleet.ok("GET", f"/v1/trips/{trip_id}")
    assert (late.outcome, late.error_class) == ("dead", "OfferOver")
    assert (trip["status"], trip["driver_id"]) == ("assigned" if status == "accepted" else "accepted", next_driver)
    assert (await run_task(said, occurred_at=MONDAY_MORNING + timedelta(minutes=7))).outcome == "done"


async def come_again(run_task: TaskRunner, session: Session, message: BroadcastTripStatus, key: UUID) -> Handled:
    """The message once more, when its wait is over."""
    await rows(session, "UPDATE inbox SET due_at = now() WHERE state = 2 RETURNING 1")
    (handled,) = await run_task.run([message], ids=[key])
    return handled


async def test_a_step_whose_message_overtakes_the_one_before_waits_for_it(
    fleet: Fleet, session: Session, run_task: TaskRunner
) -> None:
    trip_id = UUID(await fleet.assigned())
    await fleet.drive(str(trip_id), "en_route_pickup")
    first, second = [BroadcastTripStatus(trip_id=trip_id, status=status) for status in ("at_pickup", "onboard")]
    key = uuid7()

    (early,) = await run_task.run([second], ids=[key])
    before = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["status"]
    await run_task(first)
    again = await come_again(run_task, session, second, key)

    assert (early.outcome, early.error_class, before) == ("retry", "StepBefore", "en_route_pickup")
    assert (again.outcome, (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["status"]) == ("done", "onboard")


async def test_a_step_whose_turn_does_not_come_is_a_dead_letter_in_the_end(
    fleet: Fleet, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned()
    message, key = BroadcastTripStatus(trip_id=UUID(trip_id), status="onboard"), uuid7()

    outcomes = [(await come_again(run_task, session, message, key)).outcome for _ in range(9)]

    assert outcomes == ["retry"] * 8 + ["dead"]
    assert (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["status"] == "assigned"


async def test_a_driver_who_is_still_on_another_trip_sets_out_when_that_has_come_to_its_end(
    fleet: Fleet, session: Session, run_task: TaskRunner
) -> None:
    vehicle, driver = await fleet.vehicle(), await fleet.driver()
    trips = [await fleet.scheduled(hour) for hour in (10, 13)]
    for trip_id in trips:
        await fleet.offer(trip_id, driver_id=driver, vehicle_id=vehicle)
        await fleet.act(trip_id, "offer/accept")
    for status in ("en_route_pickup", "at_pickup", "onboard"):
        await fleet.step(trips[0], status)
    message, key = BroadcastTripStatus(trip_id=UUID(trips[1]), status="en_route_pickup"), uuid7()

    early = await come_again(run_task, session, message, key)
    await fleet.step(trips[0], "at_dropoff")

    assert (early.outcome, (await come_again(run_task, session, message, key)).outcome) == ("retry", "done")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("will_call", "StatusForbids"), ("cancelled", "ReasonMissing"), ("no_show", "StatusForbids")],
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
