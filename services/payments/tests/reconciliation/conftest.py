"""A gateway beside the fixtures that every service has, and settings that lead to it, those of the process as well."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.payments.settings import PaymentsSettings
from services.payments.settings import settings as read_settings
from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in
from services.payments.tests.reconciliation.arrange import Ledgers
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner
from shared.testing.scripted_api import ScriptedApi, scripted_api


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[GatewayStandIn]:
    """The sandbox's, on free ports of this test's own."""
    async with gateway_stand_in() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def scripted_gateway() -> AsyncIterator[ScriptedApi]:
    """A server in Razorpay's place that answers what a test has written down."""
    async with scripted_api() as server:
        yield server


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with the test's stand-in as its gateway."""
    if "scripted_gateway" in request.fixturenames:
        server: ScriptedApi = request.getfixturevalue("scripted_gateway")
        keys = {"razorpay_key_id": "rzp_test_key", "razorpay_key_secret": SecretStr("sandbox")}
        return settings.model_copy(update={"payment_gateway": "razorpay", **keys, "razorpay_base_url": server.url})
    stand_in: GatewayStandIn = request.getfixturevalue("gateway")
    stripe = {"stripe_secret_key": SecretStr("sk_test_sandbox"), "stripe_base_url": f"{stand_in.url}/stripe"}
    return settings.model_copy(update={**stand_in.settings, **stripe})


@pytest.fixture
def settings_of_the_process(settings: PaymentsSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the process, which light handlers read where a worker has them."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.broker_url)
    monkeypatch.setenv("PAYMENT_GATEWAY", "razorpay")
    for name in ("razorpay_key_id", "razorpay_base_url", "stripe_base_url"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    monkeypatch.setenv("RAZORPAY_KEY_SECRET", "sandbox")
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_sandbox")
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


@pytest.fixture
def ledgers(request: pytest.FixtureRequest, session: Session, gateway: GatewayStandIn, run_task: TaskRunner) -> Ledgers:
    """Our books and the gateway's."""
    request.getfixturevalue("settings_of_the_process")
    return Ledgers(session, gateway, run_task)
