"""Clients of the gateways' stand-ins as tests use them, and words for what the documentation leaves open."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.sandbox.tests.subscriber import Call, Subscriber, subscriber

KEY_ID: Final = "rzp_test_WaybillSandbx0"
AT: Final = range(1_700_000_000, 4_000_000_000)
"""Seconds since the epoch, as far as samples care."""


class Like(str):
    """Equal to every text of this form, for ids that are new each time."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self, other) is not None

    def __hash__(self) -> int:
        return super().__hash__()


class Moment:
    """Equal to every time."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and other in AT

    def __hash__(self) -> int:
        return hash(Moment)


def like(prefix: str, length: int = 14) -> Like:
    """An id of the gateway's form."""
    return Like(rf"{prefix}[A-Za-z0-9]{{{length}}}")


NOW: Final = Moment()


@dataclass(frozen=True, slots=True)
class Gateway:
    """One stand-in: its API with the right key, and what is around it."""

    name: str
    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request, of the API or of the sandbox."""
        return await self.http.request(method, f"/{self.name}{path}", **options)

    async def do(self, path: str, method: str = "POST", **options: Any) -> Any:
        """The document that a request is answered with, which must go well."""
        answer = await self.ask(method, path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str, **params: Any) -> Any:
        """What is there."""
        return await self.do(path, "GET", params=params)

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in the place of all."""
        answer = await self.http.put(f"/faults/{self.name}", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def account(self, **changes: Any) -> Any:
        """Change how the account is set up."""
        return await self.do("/account", "PATCH", json=changes)

    async def until(self, path: str, **wanted: Any) -> Any:
        """A document once it stands as wanted."""
        async with asyncio.timeout(15):
            while True:
                revision = (await self.do_outside("/changes", timeout=0))["revision"]
                found = await self.get(path)
                if all(found[name] == value for name, value in wanted.items()):
                    return found
                await self.do_outside("/changes", since=revision, timeout=1)

    async def do_outside(self, path: str, **params: Any) -> Any:
        """What the sandbox itself says."""
        return (await self.http.get(path, params=params)).json()

    async def moved(self) -> list[tuple[str, int]]:
        """What was really done: kinds and amounts, the oldest first."""
        return [(one["kind"], one["amount"]) for one in (await self.get("/ledger"))["items"]]

    @asynccontextmanager
    async def listening(self, **account: Any) -> AsyncIterator[Subscriber]:
        """Whoever is told of its events."""
        async with subscriber() as found:
            await self.account(webhook_url=f"{found.url}/webhooks/{self.name}", **account)
            yield found


@dataclass(frozen=True, slots=True)
class Razorpay(Gateway):
    """With the usual order, payment and mandate."""

    async def order(self, amount: int = 50_000, receipt: str | None = "attempt-1", **fields: Any) -> Any:
        """A new order."""
        return await self.do("/v1/orders", json={"amount": amount, "currency": "INR", "receipt": receipt, **fields})

    async def pay(self, order: Any, **fields: Any) -> str:
        """The id of a payment that went well."""
        done = await self.do("/checkout", json={"order_id": order["id"], **fields})
        return str(done["razorpay_payment_id"])

    async def captured(self, amount: int = 50_000, receipt: str = "attempt-1", **fields: Any) -> str:
        """The id of a payment that has been captured."""
        return await self.pay(await self.order(amount, receipt, payment_capture=True, **fields))

    async def failed(self, order: Any, **fields: Any) -> dict[str, Any]:
        """The error of a payment that did not go well."""
        answer = await self.ask("POST", "/checkout", json={"order_id": order["id"], **fields})
        assert answer.status_code == 400, answer.text
        return dict(answer.json()["error"])

    async def payment(self, payment_id: str) -> Any:
        """A payment as it stands."""
        return await self.get(f"/v1/payments/{payment_id}")

    async def capture(self, payment_id: str, amount: int = 50_000, currency: str = "INR") -> httpx.Response:
        """Capture it."""
        return await self.ask("POST", f"/v1/payments/{payment_id}/capture", json={"amount": amount, "currency": currency})

    async def refund(self, payment_id: str, key: str | None = None, **fields: Any) -> httpx.Response:
        """Refund it."""
        headers = {"X-Refund-Idempotency": key} if key is not None else {}
        return await self.ask("POST", f"/v1/payments/{payment_id}/refund", json=fields, headers=headers)

    async def customer(self, **fields: Any) -> str:
        """The id of a new customer."""
        wanted = {"name": "Ann", "email": "ann@example.com", "contact": "+919812345678", **fields}
        return str((await self.do("/v1/customers", json=wanted))["id"])


@dataclass(frozen=True, slots=True)
class Stripe(Gateway):
    """With the usual intent."""

    async def charge(
        self, amount: int = 50_000, key: str | None = None, receipt: str = "attempt-1", **fields: Any
    ) -> httpx.Response:
        """Charge a card without its customer."""
        wanted = {"currency": "inr", "payment_method": "pm_card_visa", "off_session": "true", "confirm": "true"}
        headers = {"Idempotency-Key": key} if key is not None else {}
        form = {**wanted, "amount": str(amount), "metadata[receipt]": receipt, **fields}
        return await self.ask("POST", "/v1/payment_intents", data=form, headers=headers)

    async def charged(self, amount: int = 50_000, **fields: Any) -> Any:
        """An intent that has gone well."""
        answer = await self.charge(amount, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def intent(self, intent_id: str) -> Any:
        """An intent as it stands."""
        return await self.get(f"/v1/payment_intents/{intent_id}")

    async def refund(self, intent_id: str, **fields: Any) -> httpx.Response:
        """Refund it."""
        return await self.ask("POST", "/v1/refunds", data={"payment_intent": intent_id, **fields})


def razorpay_of(http: httpx.AsyncClient) -> Razorpay:
    """A client with the key and its secret."""
    http.auth = httpx.BasicAuth(KEY_ID, "sandbox")
    return Razorpay("razorpay", http)


def stripe_of(http: httpx.AsyncClient) -> Stripe:
    """A client with the secret key."""
    http.auth = httpx.BasicAuth("sk_test_sandbox", "")
    return Stripe("stripe", http)


def told(calls: list[Call]) -> list[Any]:
    """The events of calls."""
    return [json.loads(call.body) for call in calls]
