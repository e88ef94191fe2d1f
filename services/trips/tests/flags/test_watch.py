"""The watch: one flag each, told once, escalated once, cleared by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from services.trips.tests.fleet import CUSTOMER, THEIRS, Fleet, at, code, fleet_of
from shared.contracts.notifications import SendNotification
from shared.contracts.payments import GenerateInvoice
from shared.contracts.trips import CheckTripTimeouts, ProcessTripCompletion
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient

DISPATCHER = "trips.driver:desk"
NINE = MONDAY_MORNING


@pytest_asyncio.fixture(autouse=True)
async def dispatcher(fleet: Fleet) -> None:
    """Somebody who is told."""
    await fleet.ok("PUT", "/v1/dispatch-settings", json={"dispatcher": DISPATCHER})


class Watch:
    """Runs the watch, and says what is open and what was told."""

    def __init__(self, fleet: Fleet, session: Session, run_task: TaskRunner) -> None:
        self._fleet = fleet
        self._session = session
        self._run_task = run_task

    async def open_at(self, moment: datetime, **params: Any) -> Sequence[str]:
        """The kinds of the flags that are open after a run."""
        assert (await self._run_task(CheckTripTimeouts(slot=moment))).outcome == "done"
        found = await self._fleet.ok("GET", "/v1/trip-flags", params=params)
        return sorted(one["kind"] for one in found["items"])

    async def told(self) -> list[str]:
        """What the dispatcher was told, in order."""
        sent = await published(self._session, SendNotification)
        return [str(one.context["status"]) for one in sent if one.to_person == DISPATCHER]


@pytest_asyncio.fixture
async def watch(fleet: Fleet, session: Session, run_task: TaskRunner) -> Watch:
    """The watch over the test's trips."""
    return Watch(fleet, session, run_task)


async def set_out(fleet: Fleet, **fields: Any) -> str:
    """A trip whose driver has set out at nine, for no appointment."""
    trip_id = await fleet.assigned(pickup_at=at(10), **({"appointment_at": None} | fields))
    await fleet.drive(trip_id, "en_route_pickup")
    return trip_id


async def test_a_trip_of_more_than_six_hours_is_flagged_once_though_it_runs_twice(fleet: Fleet, watch: Watch) -> None:
    trip_id = await set_out(fleet)
    six = NINE + timedelta(hours=6)

    at_six = await watch.open_at(six)
    after = [await watch.open_at(six + timedelta(seconds=1)) for _ in range(2)]
    told = await watch.told()
    escalated = await watch.open_at(six + timedelta(hours=2, seconds=1))
    await watch.open_at(six + timedelta(hours=3))
    await fleet.step(trip_id, "cancelled", acting_as="operator", reason="closed")
    ended = await watch.open_at(six + timedelta(hours=3))

    assert (at_six, after, ended) == ([], [["over_duration"]] * 2, [])
    assert (told, escalated) == (["taking longer than it may"], ["over_duration"])
    assert await watch.told() == ["taking longer than it may", "still taking longer than it may"]
    (flag,) = (await fleet.ok("GET", "/v1/trip-flags", params={"cleared": True, "trip_id": trip_id}))["items"]
    assert (flag["detail"]["limit_s"], flag["escalated_at"] is None, flag["cleared_at"] is None) == (21_600, False, False)


async def test_the_most_special_limit_counts(fleet: Fleet, watch: Watch) -> None:
    path = "/v1/trip-limits"
    limits = [(None, None, 4), (None, "dialysis", 3), (CUSTOMER, None, 2), (CUSTOMER, "dialysis", 1)]
    for customer, trip_type, hours in limits:
        await fleet.ok("PUT", path, json={"customer": customer, "trip_type": trip_type, "max_duration_s": hours * 3600})
    trips = [
        await set_out(fleet, customer=customer or "payments.customer:other", trip_type=trip_type or "standard")
        for customer, trip_type, _ in limits
    ]

    flagged = []
    for hours in (1, 2, 3, 4):
        moment = NINE + timedelta(hours=hours, seconds=1)
        flagged.append([len(await watch.open_at(moment, trip_id=trip_id)) for trip_id in trips])

    assert flagged == [[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]


async def test_a_limit_is_replaced_by_the_one_for_the_same_and_deleted_by_its_own(fleet: Fleet, client: ApiClient) -> None:
    path = "/v1/trip-limits"
    first = await fleet.ok("PUT", path, json={"max_duration_s": 3600})
    second = await fleet.ok("PUT", path, json={"max_duration_s": 7200})
    foreign = await fleet_of(client, THEIRS).api.delete(f"{path}/{first['id']}")
    listed = await fleet.ok("GET", path)
    await fleet.ok("DELETE", f"{path}/{first['id']}")
    gone = await fleet.api.delete(f"{path}/{first['id']}")

    assert (first["id"], [one["max_duration_s"] for one in listed["items"]]) == (second["id"], [7200])
    assert [code(one) for one in (foreign, gone)] == [(404, "trip_limit_not_found")] * 2


async def test_a_trip_that_will_miss_its_appointment_is_flagged_until_it_arrives(
    fleet: Fleet, watch: Watch, clock: FrozenClock
) -> None:
    # An hour's ride at ten for eleven: the pickup may be late by nothing.
    trip_id = await fleet.assigned(appointment_at=at(11))
    await fleet.drive(trip_id, "at_pickup")
    in_time = await watch.open_at(NINE + timedelta(hours=1))
    late = await watch.open_at(NINE + timedelta(hours=1, minutes=5))
    clock.set(NINE + timedelta(minutes=50))
    await fleet.step(trip_id, "onboard")
    on_board = await watch.open_at(NINE + timedelta(hours=1, minutes=10))
    overdue = await watch.open_at(NINE + timedelta(hours=2, minutes=1))
    await fleet.step(trip_id, "at_dropoff")
    arrived = await watch.open_at(NINE + timedelta(hours=2, minutes=2))

    kind = ["late_for_appointment"]
    assert (in_time, late, on_board, overdue, arrived) == ([], kind, [], kind, [])
    # It was cleared between the two, so the second one is a flag of its own.
    assert await watch.told() == ["going to miss its appointment"] * 2


async def test_a_trip_without_a_driver_is_flagged_an_hour_before_or_when_nobody_wants_it(fleet: Fleet, watch: Watch) -> None:
    trip_id = await fleet.scheduled(12, appointment_at=None, pickup_at=at(12))
    early = await watch.open_at(NINE)
    near = await watch.open_at(NINE + timedelta(hours=2, seconds=1))
    await fleet.vehicle()
    await fleet.offer(trip_id, driver_id=await fleet.driver())
    offered = await watch.open_at(NINE + timedelta(hours=2, seconds=2))
    await fleet.act(trip_id, "offer/decline")
    declined = await watch.open_at(NINE + timedelta(hours=2, seconds=3))

    assert (early, near, offered, declined) == ([], ["unassigned"], [], ["unassigned"])


async def test_an_invoice_that_does_not_come_is_asked_for_again_and_then_left_to_people(
    fleet: Fleet, watch: Watch, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned(appointment_at=None, pickup_at=at(10))
    await fleet.drive(trip_id, "completed")
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)), occurred_at=NINE)

    waiting = await watch.open_at(NINE + timedelta(minutes=30))
    missing = [await watch.open_at(NINE + timedelta(minutes=31)) for _ in range(2)]
    asked = len(await published(session, GenerateInvoice))
    await watch.open_at(NINE + timedelta(days=1, minutes=31))
    settled = await watch.open_at(NINE + timedelta(days=1, minutes=36))

    assert (waiting, missing, asked, settled) == ([], [["invoice_missing"]] * 2, 2, [])
    completion = await fleet.ok("GET", f"/v1/trips/{trip_id}/completion")
    last = completion["steps"][5]
    assert (completion["status"], last["status"]) == ("failed", "compensated")
    assert last["detail"] == "payments has not issued the invoice; bill this trip by hand"
    assert await watch.told() == ["completed, but not invoiced", "still completed, but not invoiced"]


async def test_a_completed_trip_that_nothing_follows_from_is_flagged_until_something_does(
    fleet: Fleet, watch: Watch, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned(appointment_at=None, pickup_at=at(10))
    await fleet.drive(trip_id, "completed")

    waiting = await watch.open_at(NINE + timedelta(minutes=10))
    missing = [await watch.open_at(NINE + timedelta(minutes=10, seconds=1)) for _ in range(2)]
    # It is not forgotten because nobody has mended it for a month.
    escalated = await watch.open_at(NINE + timedelta(days=40))
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)), occurred_at=NINE + timedelta(days=40))
    mended = await watch.open_at(NINE + timedelta(days=40, minutes=5))

    kind = ["completion_missing"]
    assert (waiting, missing, escalated, mended) == ([], [kind] * 2, kind, [])
    assert await watch.told() == ["completed, but nothing has come of it", "still completed, but nothing has come of it"]


async def test_a_trip_without_a_distance_is_flagged_until_somebody_says_it(
    fleet: Fleet, watch: Watch, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned(appointment_at=None, pickup_at=at(10), dropoff={"label": "City Hospital"})
    await fleet.drive(trip_id, "completed")
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)), occurred_at=NINE)

    missing = await watch.open_at(NINE + timedelta(minutes=5))
    await fleet.ok("PUT", f"/v1/trips/{trip_id}/mileage", json={"distance_m": 9_000})

    assert (missing, await watch.open_at(NINE + timedelta(minutes=10))) == (["distance_missing"], [])
