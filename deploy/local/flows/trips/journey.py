"""The trip: driven by the simulator, followed live, and followed on after the API's process was killed."""

import asyncio
import os
import signal
from datetime import datetime
from typing import Any, Final

from deploy.local.flows.trips.following import Follower
from deploy.local.flows.trips.story import Story
from deploy.local.polling import ask_until
from deploy.local.simulation.audit import Audit, look_at
from deploy.local.simulation.plan import Plan
from deploy.local.simulation.vehicle import Ride, SimulatedVehicle
from deploy.local.supervisor import Supervisor

PLAN: Final = Plan(vehicles=1, seconds=16, interval_s=0.5, loss=0.1, duplication=0.1, reordering=0.1)
BRIEF_PLAN: Final = Plan(vehicles=1, seconds=6, interval_s=0.5, loss=0.1, duplication=0.1, reordering=0.1)
WAY: Final = ["en_route_pickup", "at_pickup", "onboard", "at_dropoff", "completed"]
PATIENCE_S: Final = 60.0
LAST_PLACE_S: Final = 10.0
ENOUGH: Final = 2
"""Positions with the passenger on board before the server is killed."""


async def drive(story: Story) -> None:
    """From the pickup to the end; what is stored is compared with what the device was told."""
    plan = BRIEF_PLAN if story.stack.brief else PLAN
    vehicle = SimulatedVehicle(story.trips, story.bare, plan, 0)
    customer = f"payments.customer:{story.things['customer']['id']}"
    driver = {"name": "Imran Shaikh", "phone": story.phone}
    ride = await vehicle.prepare({"customer": customer, "passenger": customer}, driver)
    story.things["trip"] = ride.trip
    texts = await story.texts(ride.trip["number"])
    story.check("the driver is offered the trip by SMS", len(texts), 1, texts[0] if texts else "")
    await vehicle.accept(ride)
    path = f"/v1/trips/{ride.trip['id']}/live"
    story.counts["trips"] += 1
    async with asyncio.TaskGroup() as tasks:
        follower = Follower(story.follower, path)
        following = tasks.create_task(_follow(story, follower))
        await ask_until(lambda: _seen(follower), bool)
        tasks.create_task(vehicle.drive(ride))
        await following
    await _judge(story, ride, follower)


async def _seen(follower: Follower) -> int:
    return len(follower.events)


async def _follow(story: Story, follower: Follower) -> None:
    """Follow until the server is gone, miss a status meanwhile, come again with the last id, and follow to the end."""
    await follower.follow(_is_on_the_way, PATIENCE_S)
    story.check("a follower has a snapshot first", follower.events[0].name, "snapshot", _standing(follower.events[0].data))
    seen = len(follower.named("status"))
    if not story.stack.brief:
        _kill_api(story)
    story.stack.tell("the follower is away")
    trip = f"/v1/trips/{story.things['trip']['id']}"
    await ask_until(lambda: story.trips.get(trip), lambda one: one["status"] in WAY[3:], timeout_s=PATIENCE_S)
    await follower.follow(_is_over, PATIENCE_S)
    missed = [one["status"] for one in follower.named("status")[seen:]]
    story.check("what it has missed it is told when it comes again", missed, WAY[3:], " → ".join(missed))


def _is_on_the_way(follower: Follower) -> bool:
    names = [event.name if event.name != "status" else event.data["status"] for event in follower.events]
    return "onboard" in names and names[names.index("onboard") :].count("position") >= ENOUGH


def _is_over(follower: Follower) -> bool:
    return any(one["status"] == WAY[-1] for one in follower.named("status"))


def _kill_api(story: Story) -> None:
    """End the API's process as no program can help it; the keeper starts another one."""
    process = Supervisor(story.stack.home).processes()["trips-api"]
    os.kill(int(process["pid"]), signal.SIGKILL)
    story.check("the API's process is killed: kill -9", process["statename"], "RUNNING", f"pid {process['pid']}")


async def _judge(story: Story, ride: Ride, follower: Follower) -> None:
    (place,) = await story.trips.get("/v1/positions/latest", vehicle_id=ride.vehicle_id)
    # One of them leaves out the zeros at the end of a second's parts, and the other does not.
    newest = datetime.fromisoformat(place["recorded_at"])
    last = await follower.last_place(newest, LAST_PLACE_S)
    statuses, moments = follower.named("status"), follower.moments()
    versions = [one["version"] for one in statuses]
    shown = [one["status"] for one in statuses]
    once = list(range(versions[0], versions[0] + len(WAY))) if versions else []
    story.check("each status is told once and in order", (shown, versions), (WAY, once), " → ".join(shown))
    story.check("no position is told twice, and none goes back", moments, sorted(set(moments)), f"{len(moments)} positions")
    kept = [event.name for event in follower.events if event.name in ("snapshot", "reset")]
    story.check("its last id is known to the new process", kept, ["snapshot"], f"Last-Event-ID: {follower.last_id}")
    found = Audit()
    await look_at(story.trips, ride, found)
    story.check("every position that was acknowledged is stored, once", found.passed, True, _counted(found))
    story.check("the last position told is the newest", last, [newest], f"curl -N {_address(story, follower)}")
    story.counts["positions"] += found.stored
    story.counts["positions told"] += len(moments)


def _address(story: Story, follower: Follower) -> str:
    return f"-H 'Authorization: Bearer …' {story.stack.url('trips-api')}{follower.path}"


def _standing(snapshot: Any) -> str:
    (trip,) = snapshot["trips"]
    return f"{trip['status']}, version {trip['version']}, {len(trip['history'])} steps before"


def _counted(found: Audit) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(found.counts.items()))
    return f"{found.stored} stored ({told})"
