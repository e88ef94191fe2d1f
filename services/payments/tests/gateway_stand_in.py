"""The sandbox's gateways for one test: what they hold, how to make them misbehave, and settings that lead to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import SecretStr

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings

WEBHOOK_SECRET: Final = "sandbox"
_ACCOUNT: Final = "rzp_test_WaybillSandbx0"


@dataclass(frozen=True, slots=True)
class GatewayStandIn:
    """A running sandbox."""

    http: httpx.AsyncClient
    url: str

    @property
    def settings(self) -> dict[str, Any]:
        """Of a service that uses it."""
        return {
            "payment_gateway": "razorpay",
            "razorpay_key_id": _ACCOUNT,
            "razorpay_key_secret": SecretStr("sandbox"),
            "razorpay_webhook_secret": SecretStr(WEBHOOK_SECRET),
            "razorpay_base_url": f"{self.url}/razorpay",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same of a process that uses it."""
        plain = {name: one.get_secret_value() if isinstance(one, SecretStr) else str(one) for name, one in self.settings.items()}
        return {name.upper(): one for name, one in plain.items()}

    async def ask(self, verb: str, path: str, *, ok: bool = True, **body: Any) -> dict[str, Any]:
        """What it answers around its API: tokens, checkout, banks, faults."""
        answer = await self.http.request(verb, f"/razorpay{path}", json=body or None)
        assert answer.is_success or not ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def faults(self, *rules: dict[str, Any]) -> None:
        """What to do wrong from now on, in the place of what was said before."""
        answer = await self.http.put("/faults/razorpay", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def mandate(self, **token: Any) -> tuple[str, str]:
        """Somebody who has allowed charges: the customer's id and the token."""
        auth = (_ACCOUNT, "sandbox")
        who = {"name": "Ann", "email": "ann@example.com", "contact": "+919812345678", "fail_existing": "0"}
        customer = (await self.http.post("/razorpay/v1/customers", json=who, auth=auth)).json()["id"]
        made = await self.ask("POST", "/tokens", customer_id=customer, **token)
        return customer, made["id"]

    async def make_order(self, amount: int, *, capture: bool = False, **more: Any) -> str:
        """An order of Razorpay's, by its API."""
        body = {"amount": amount, "currency": "INR", "payment_capture": capture, **more}
        made = await self.http.post("/razorpay/v1/orders", json=body, auth=(_ACCOUNT, "sandbox"))
        assert made.is_success, made.text
        order_id: str = made.json()["id"]
        return order_id

    async def give_back(self, payment_id: str, amount: int) -> str:
        """A refund that somebody makes on Razorpay's dashboard; its id."""
        path = f"/razorpay/v1/payments/{payment_id}/refund"
        made = await self.http.post(path, json={"amount": amount}, auth=(_ACCOUNT, "sandbox"))
        assert made.is_success, made.text
        refund_id: str = made.json()["id"]
        return refund_id

    async def api(self, path: str, **query: str) -> dict[str, Any]:
        """What Razorpay's own API shows."""
        answer = await self.http.get(f"/razorpay/v1{path}", params=query, auth=(_ACCOUNT, "sandbox"))
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def movements(self) -> list[tuple[str, int]]:
        """Kind and amount of all money that has moved there."""
        answer = await self.http.get("/razorpay/ledger")
        assert answer.is_success, answer.text
        return [(one["kind"], one["amount"]) for one in answer.json()["items"]]


@asynccontextmanager
async def gateway_stand_in(**settings: Any) -> AsyncIterator[GatewayStandIn]:
    """On free ports of this test's own."""
    async with (
        running(Settings(**{"http_port": 0, "smtp_port": 0, **settings})) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=30) as http,
    ):
        yield GatewayStandIn(http, sandbox.http_url)
