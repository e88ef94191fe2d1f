"""The sandbox's SMS providers for one test: what they received, how to make them misbehave, and clients of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from services.notifications.sms.msg91 import Msg91Account, Msg91Provider
from services.notifications.sms.provider import DltTemplate, OutgoingSms
from services.notifications.sms.twilio import TwilioAccount, TwilioProvider

SID: Final = "AC" + "5a" * 16
TO: Final = "+919812345678"
DELIVERY: Final = UUID("019a9f5e-0c00-7e21-b7c4-90ab12cd34ef")
DLT: Final = DltTemplate(
    "1107161234567890123", "60e5a1b2c3d4e5f601234567", "WYBILL", (("order_number", "O-1"), ("status", "packed"))
)


@dataclass(frozen=True, slots=True)
class SmsServer:
    """A running sandbox, and what ends with it."""

    http: httpx.AsyncClient
    url: str
    stack: AsyncExitStack

    async def faults(self, provider: str, *rules: dict[str, Any]) -> None:
        """What to do wrong from now on, in the place of what was said before."""
        answer = await self.http.put(f"/faults/{provider}", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def received(self, **filters: str) -> list[dict[str, Any]]:
        """What was received, the newest first."""
        found: list[dict[str, Any]] = (await self.http.get("/sms", params={"limit": "500", **filters})).json()["items"]
        return found

    def twilio(self, *, time_factor: float = 1.0, **account: Any) -> TwilioProvider:
        """A client of the stand-in, closed at the end of the test."""
        usual = {"account_sid": SID, "auth_token": "sandbox", "sender": "+15005550006", "url": f"{self.url}/twilio"}
        provider = TwilioProvider(TwilioAccount(**{**usual, **account}), time_factor=time_factor)
        self.stack.push_async_callback(provider.close)
        return provider

    def msg91(self, *, time_factor: float = 1.0, **account: Any) -> Msg91Provider:
        """As twilio."""
        usual = {"auth_key": "sandbox", "url": f"{self.url}/msg91"}
        provider = Msg91Provider(Msg91Account(**{**usual, **account}), time_factor=time_factor)
        self.stack.push_async_callback(provider.close)
        return provider


def sms(**parts: Any) -> OutgoingSms:
    """An SMS, the usual one but for these parts."""
    usual: dict[str, Any] = {"delivery_id": DELIVERY, "attempt": 1, "to": TO, "body": "Your order O-1 is packed."}
    return OutgoingSms(**{**usual, **parts})


@asynccontextmanager
async def sms_server_with(**settings: Any) -> AsyncIterator[SmsServer]:
    """The stand-ins with settings of the sandbox."""
    async with (
        running(Settings(**{"http_port": 0, "smtp_port": 0, **settings})) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=30) as http,
        AsyncExitStack() as stack,
    ):
        yield SmsServer(http, sandbox.http_url, stack)
