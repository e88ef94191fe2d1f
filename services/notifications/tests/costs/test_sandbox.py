"""From an SMS that a stand-in takes to what it has cost, over real sockets: Twilio is asked, and MSG91 reports it by itself."""

import asyncio
import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks.arrange import NUMBER, OURS
from services.notifications.tests.deliveries.test_undelivered_sms import told
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import CollectSmsPrices, SendSms
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

ESTIMATE: Final = {"amount": "0.33000", "currency": "INR"}
PRICE: Final = {"amount": "0.01500", "currency": "USD"}


@pytest.fixture
def clock() -> FrozenClock:
    """The list of the stand-in is of today."""
    return FrozenClock(system_clock())


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"sms_provider": "twilio", "sms_prices": ("91=16500INR", "1=790USD")})


async def delivered(server: MailServer, count: int) -> None:
    """Wait until Twilio has delivered so many."""
    async with asyncio.timeout(20):
        while [one["status"] for one in (await server.http.get("/sms")).json()["items"]] != ["delivered"] * count:
            await server.http.get("/changes", params={"timeout": 1})


async def shown(client: ApiClient, delivery_id: UUID) -> tuple[Any, Any, Any]:
    """The estimate and the cost of a delivery, and those of its attempt."""
    found = (await client.as_role("viewer", organization_id=OURS).get(f"/v1/deliveries/{delivery_id}")).json()
    (attempt,) = found["timeline"]
    return found["estimated_costs"], found["costs"], (attempt["estimated_cost"], attempt["cost"])


@pytest.mark.parametrize("count", [1, 11])
async def test_price_is_shown_beside_the_estimate_once_twilio_has_told_it(
    client: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock, count: int
) -> None:
    message = SendSms(to_phone=NUMBER, body="x" * 161, organization_id=OURS)
    ids = [one.id for one in await run_task.run([message] * count)]
    await delivered(mail_server, count)
    for key in ids:
        await told(session, key, 1, "delivered")
    before = await shown(client, ids[0])
    await run_task(CollectSmsPrices())
    early = await shown(client, ids[0])
    clock.advance(timedelta(minutes=11))
    await run_task(CollectSmsPrices())

    assert before == early == ([ESTIMATE], [], (ESTIMATE, None))
    assert [await shown(client, key) for key in ids] == [([ESTIMATE], [PRICE], (ESTIMATE, PRICE))] * count
    listed = (await client.as_role("viewer", organization_id=OURS).get("/v1/deliveries")).json()["items"]
    assert [(one["estimated_costs"], one["costs"]) for one in listed] == [([ESTIMATE], [PRICE])] * count


async def test_sms_that_its_provider_refuses_costs_nothing(
    client: ApiClient, run_task: TaskRunner, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "status", "status": 400, "code": 21211}, provider="twilio")
    handled = await run_task(SendSms(to_phone=NUMBER, body="Late.", organization_id=OURS))

    assert await shown(client, handled.id) == ([], [], (None, None))
    assert json.dumps(handled.error_class) == '"bad_recipient"'
