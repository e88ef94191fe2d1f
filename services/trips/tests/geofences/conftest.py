"""A vehicle that reports to the watch over geofences."""

import pytest_asyncio

from services.trips.tests.fleet import Fleet
from services.trips.tests.geofences.arrange import Way
from services.trips.tests.positions.arrange import reporter
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


@pytest_asyncio.fixture
async def way(fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner) -> Way:
    """A vehicle that is nowhere yet."""
    device, vehicle_id = await reporter(fleet, client)
    return Way(fleet, device, vehicle_id, clock, run_task)
