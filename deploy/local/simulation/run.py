"""Simulations: vehicles that drive trips over the public API, and what became of their points."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import httpx

from deploy.local.simulation.audit import Audit, look_at
from deploy.local.simulation.patience import PatientApi
from deploy.local.simulation.plan import Plan
from deploy.local.simulation.vehicle import Ride, SimulatedVehicle

T = TypeVar("T")

AT_ONCE: Final = 8
"""Vehicles that are prepared and looked at together; they all drive together."""
CONNECTIONS: Final = 100
TIMEOUT_S: Final = 30.0


async def simulate(plan: Plan, url: str, token_of: Callable[[str], str], tell: Callable[[str], None]) -> Audit:
    """Drive all trips, and compare. tell: takes a sentence on how far it is.

    token_of: the token of a caller of one organization. Each vehicle has its own, for how often one may ask is limited.

    Raises httpx.HTTPStatusError where the API refuses what it should take.
    """
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with (
        httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False) as desk,
        httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, limits=limits, trust_env=False) as devices,
    ):
        apis = [PatientApi(desk, token_of(f"operator:simulation-{number + 1}")) for number in range(plan.vehicles)]
        fleet = [SimulatedVehicle(api, devices, plan, number) for number, api in enumerate(apis)]
        tell(f"preparing {plan.vehicles} trips")
        rides = await _some_at_once([vehicle.get_ready for vehicle in fleet])
        await _drive(plan, fleet, rides, tell)
        tell("comparing what is stored")
        found = Audit()
        await _some_at_once([_look(api, ride, found) for api, ride in zip(apis, rides, strict=True)])
        return found


async def _drive(plan: Plan, fleet: Sequence[SimulatedVehicle], rides: Sequence[Ride], tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        driving = [tasks.create_task(vehicle.drive(ride)) for vehicle, ride in zip(fleet, rides, strict=True)]
        while not all(task.done() for task in driving):
            points = sum(ride.log.counts["points"] for ride in rides)
            tell(f"{time.monotonic() - began:.0f} of {plan.seconds:.0f} s, {points:,} points")
            await asyncio.wait(driving, timeout=0.5, return_when=asyncio.FIRST_EXCEPTION)


def _look(api: PatientApi, ride: Ride, found: Audit) -> Callable[[], Awaitable[None]]:
    return lambda: look_at(api, ride, found)


async def _some_at_once(work: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(do: Callable[[], Awaitable[T]]) -> T:
        async with room:
            return await do()

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one(do)) for do in work]
    return [task.result() for task in running]
