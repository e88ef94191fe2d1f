"""A gateway beside the fixtures that every service has, for tests that ask for it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.payments.settings import PaymentsSettings
from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    """The sandbox's, on free ports of this test's own."""
    async with gateway_stand_in() as stand_in:
        await stand_in.ask("PATCH", "/account", own_notice_s=0)
        yield stand_in


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with the stand-in as its gateway where the test has one."""
    if "gateway" not in request.fixturenames:
        return settings
    gateway: GatewayStandIn = request.getfixturevalue("gateway")
    return settings.model_copy(update={**gateway.settings, "time_factor": 0.1})
