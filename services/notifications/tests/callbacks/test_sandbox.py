"""From a message that a stand-in takes to its call-back applied: each provider signs, we verify, over real sockets."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.notifications.callback_deps import callback_apply
from services.notifications.email.sendgrid import SendGridAccount, SendGridProvider
from services.notifications.email.ses import SesAccount, SesProvider
from services.notifications.settings import NotificationsSettings
from services.notifications.sms.msg91 import Msg91Account, Msg91Provider
from services.notifications.sms.provider import DltTemplate, OutgoingSms
from services.notifications.sms.twilio import TwilioAccount, TwilioProvider
from services.notifications.tests.callbacks.arrange import ANN, NUMBER, listed, sent, standing
from services.notifications.tests.email.arrange import SANDBOX_KEY, Sandbox, email, sandbox_with
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.http_server import serving, url_of
from shared.testing.messages import published
from shared.testing.wait import eventually

DELIVERY = UUID("019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77")
SECRET = "sandbox-msg91-reports"


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox that calls our API back. url: of the API."""

    sandbox: Sandbox
    url: str
    listener: socket.socket


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = url_of(listener)
        async with sandbox_with(callback_url=url, twilio_auth_token="a-token-of-twilio", msg91_callback_secret=SECRET) as sandbox:
            yield Stage(sandbox, url, listener)


@pytest.fixture
def clock() -> FrozenClock:
    """Certificates of the sandbox are of today."""
    return FrozenClock(system_clock())


@pytest_asyncio.fixture
async def settings(stage: Stage, settings: NotificationsSettings) -> NotificationsSettings:
    facts = (await stage.sandbox.http.get("/sendgrid/event-key")).json()
    topic = (await stage.sandbox.http.get("/ses/subscription")).json()["topic_arn"]
    own = {
        "sendgrid_event_key": facts["public_key"],
        "sns_topic_arns": topic,
        "sns_certificate_url": f"{stage.sandbox.url}/ses",
        "twilio_auth_token": "a-token-of-twilio",
        "backend_url": stage.url,
        "msg91_callback_secret": SECRET,
    }
    return NotificationsSettings(**{**settings.model_dump(exclude_unset=True), **own})


@pytest_asyncio.fixture
async def served(app: FastAPI, stage: Stage) -> AsyncIterator[None]:
    """The API on its socket."""
    async with serving(app, stage.listener):
        yield


@pytest.fixture
def applied(app_database: Database, settings: NotificationsSettings) -> Callable[[], Awaitable[tuple[str | None, list[str]]]]:
    """Applies what has come, and says where the delivery stands."""

    async def apply() -> tuple[str | None, list[str]]:
        async with app_database.unit_of_work() as session:
            keys = [key for one in await published(session, ApplyCallbacks) for key in one.event_ids]
            await callback_apply(session, settings).apply(keys)
            return await standing(session, DELIVERY)

    return apply


Applied = Callable[[], Awaitable[tuple[str | None, list[str]]]]


async def reached(applied: Applied, receipt: str) -> list[str]:
    """What the timeline says once the delivery stands so."""

    async def stands() -> list[str]:
        found, kinds = await applied()
        return kinds if found == receipt else []

    return await eventually(stands, 20, f"the delivery does not stand at {receipt}", every_s=0.1)


@pytest.mark.usefixtures("served")
@pytest.mark.commits
async def test_sendgrid_tells_of_a_bounce_whatever_the_order(stage: Stage, applied: Applied, app_database: Database) -> None:
    async with app_database.unit_of_work() as session:
        await sent(session, id=DELIVERY, at=system_clock())
    await stage.sandbox.faults("sendgrid", {"match": ANN, "action": "bounce", "repeat": 2, "reorder": True})
    provider = SendGridProvider(SendGridAccount("sandbox", f"{stage.sandbox.url}/sendgrid"))
    await provider.send(email(ANN, delivery_id=DELIVERY))
    await provider.close()

    assert "bounced_hard" in await reached(applied, "bounced_hard")
    async with app_database.read() as session:
        assert await listed(session) == [("hard_bounce", "global", None, None, ANN)]


@pytest.mark.usefixtures("served")
@pytest.mark.commits
async def test_ses_confirms_its_topic_and_tells_of_a_delivery(stage: Stage, applied: Applied, app_database: Database) -> None:
    async with app_database.unit_of_work() as session:
        await sent(session, id=DELIVERY, at=system_clock())
    await stage.sandbox.http.post("/ses/subscription", json={"version": "1"})

    async def confirmed() -> bool:
        return bool((await stage.sandbox.http.get("/ses/subscription")).json()["confirmed"])

    await eventually(confirmed, 20)
    provider = SesProvider(SesAccount("ap-south-1", SANDBOX_KEY, "waybill", url=f"{stage.sandbox.url}/ses"))
    await provider.send(email(ANN, delivery_id=DELIVERY))
    await provider.close()

    assert "delivered" in await reached(applied, "delivered")


@pytest.mark.usefixtures("served")
@pytest.mark.commits
async def test_twilio_tells_of_a_delivered_sms(stage: Stage, applied: Applied, app_database: Database) -> None:
    async with app_database.unit_of_work() as session:
        await sent(session, NUMBER, id=DELIVERY, at=system_clock())
    account = TwilioAccount(
        "AC" + "5a" * 16,
        "a-token-of-twilio",
        "+15005550006",
        status_callback=f"{stage.url}/v1/callbacks/twilio",
        url=f"{stage.sandbox.url}/twilio",
    )
    provider = TwilioProvider(account)
    await provider.send(OutgoingSms(DELIVERY, 1, NUMBER, "Your order O-1 is packed."))
    await provider.close()

    assert "delivered" in await reached(applied, "delivered")


@pytest.mark.usefixtures("served")
@pytest.mark.commits
async def test_msg91_tells_of_a_delivered_sms(stage: Stage, applied: Applied, app_database: Database) -> None:
    async with app_database.unit_of_work() as session:
        await sent(session, NUMBER, id=DELIVERY, at=system_clock())
    dlt = DltTemplate("1107161234567890123", "60e5a1b2c3d4e5f601234567", "WYBILL", (("order", "O-1"),))
    provider = Msg91Provider(Msg91Account("sandbox", url=f"{stage.sandbox.url}/msg91"))
    await provider.send(OutgoingSms(DELIVERY, 1, NUMBER, "Your order O-1 is packed.", dlt=dlt))
    await provider.close()

    assert "delivered" in await reached(applied, "delivered")
