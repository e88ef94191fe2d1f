"""Gateways against a server that answers exactly what a test has written down, and requests that they can make."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from redis.asyncio import Redis

from services.payments.gateways.answers import Answer
from services.payments.gateways.factory import razorpay_gateway, stripe_gateway
from services.payments.gateways.gateway import ChargeRequest, Gateway, OrderRequest, RefundRequest
from services.payments.gateways.razorpay import RazorpayAccount, RazorpayGateway
from services.payments.gateways.stripe import StripeAccount, StripeGateway
from shared.runtime.clock import Clock
from shared.runtime.outside.circuits import Circuits
from shared.testing.clock import FrozenClock
from shared.testing.scripted_api import ScriptedApi, scripted_api

RECEIPT: Final = "attempt-019a9f5e0a00"
NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FROZEN: Final = FrozenClock(NOW)
ORDER: Final = OrderRequest(RECEIPT, 150_000, "INR")
CHARGE: Final = ChargeRequest(
    RECEIPT, "order_1", 150_000, "INR", "cust_1", "token_1", email="ann@example.com", phone="+919812345678"
)
REFUND: Final = RefundRequest(RECEIPT, "pay_1", 50_000, "INR")


@dataclass(frozen=True, slots=True)
class Scripted:
    """A gateway, and the server that it calls."""

    gateway: Gateway
    server: ScriptedApi

    def say(self, *replies: tuple[int, Any]) -> "Scripted":
        """Answer the next calls so, the last one again and again."""
        for status, body in replies:
            self.server.say(status, body)
        return self

    @property
    def lines(self) -> list[str]:
        """Method and path of each call."""
        return [line.removesuffix(" HTTP/1.1") for line, _, _ in self.server.requests]


Ask = Callable[[Gateway], Awaitable[Answer[Any]]]
Scripting = Callable[..., Any]


def razorpay_at(url: str, redis: Redis, *, time_factor: float = 1.0, clock: Clock = FROZEN, **account: Any) -> RazorpayGateway:
    """An account of the stand-in at `url`."""
    settings = RazorpayAccount(**{"name": "razorpay", "key_id": "rzp_test_key", "key_secret": "s3cret", "url": url, **account})
    return razorpay_gateway(settings, Circuits(redis, "payments"), clock, time_factor=time_factor)


def stripe_at(url: str, redis: Redis, *, time_factor: float = 1.0, clock: Clock = FROZEN, **account: Any) -> StripeGateway:
    """As razorpay_at."""
    settings = StripeAccount(**{"name": "stripe", "secret_key": "sk_test_key", "url": url, **account})
    return stripe_gateway(settings, Circuits(redis, "payments"), clock, time_factor=time_factor)


@asynccontextmanager
async def scripted(make: Callable[..., Gateway], redis: Redis, **account: Any) -> AsyncIterator[Scripted]:
    """make: razorpay_at or stripe_at."""
    async with scripted_api() as server:
        gateway = make(server.url, redis, **account)
        try:
            yield Scripted(gateway, server)
        finally:
            await gateway.close()
