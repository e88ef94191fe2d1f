"""An office with a gateway, for tests of mandates."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.payments.settings import PaymentsSettings
from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in
from services.payments.tests.subscriptions.arrange import ADA, OURS, Office, have_seller
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    """The sandbox's, on free ports of this test's own."""
    async with gateway_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def settings(gateway: GatewayStandIn, settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with the stand-in as its gateway, and waits a tenth as long."""
    return settings.model_copy(update={**gateway.settings, "time_factor": 0.1})


@pytest_asyncio.fixture
async def office(client: ApiClient, session: Session, clock: FrozenClock, run_task: TaskRunner) -> Office:
    """Of an organization in Maharashtra."""
    await have_seller(session)
    return Office(client.as_role("admin", organization_id=OURS, subject=ADA), session, clock, run_task)
