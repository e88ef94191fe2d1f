"""A gateway beside the fixtures that every service has."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.payments.settings import PaymentsSettings
from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    """The sandbox's, on free ports of this test's own."""
    async with gateway_stand_in() as stand_in:
        # Razorpay's own notice takes 36 hours with cards; here charges go through at once.
        await stand_in.ask("PATCH", "/account", own_notice_s=0)
        yield stand_in


@pytest.fixture
def settings(gateway: GatewayStandIn, settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with the stand-in as its gateway, and waits a tenth as long."""
    return settings.model_copy(update={**gateway.settings, "time_factor": 0.1})
