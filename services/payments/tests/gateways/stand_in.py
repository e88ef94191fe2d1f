"""A gateway's stand-in for one test: clients of it, what others do there, how to make it misbehave, and where its webhooks go."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from redis.asyncio import Redis

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from services.payments.gateways.answers import Answered
from services.payments.gateways.events import Event
from services.payments.gateways.gateway import Gateway
from shared.runtime.clock import system_clock
from shared.testing.scripted_api import ScriptedApi, scripted_api
from shared.testing.wait import eventually

LOST: list[dict[str, Any]] = [
    {"action": "timeout_after_commit", "seconds": 0.7},
    {"action": "status_after_commit", "status": 500},
    {"action": "status_after_commit", "status": 503},
    {"action": "drop_connection", "recorded": True},
    {"action": "malformed", "recorded": True},
]
"""What the stand-in does once it has done what was asked; the hasty client waits for 0.4 s."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """gateway: a client. hasty: one that gives up within half a second."""

    name: str
    gateway: Gateway
    hasty: Gateway
    outside: httpx.AsyncClient
    hook: ScriptedApi
    secret: str

    async def faults(self, *rules: dict[str, Any]) -> None:
        """What to do wrong from now on."""
        answer = await self.outside.put(f"/faults/{self.name}", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def do(self, path: str, **body: Any) -> Any:
        """What somebody else does: a customer, a bank, the gateway itself."""
        answer = await self.outside.post(f"/{self.name}{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def events(self, count: int) -> list[Event]:
        """The first webhooks, verified and read."""
        await eventually(lambda: len(self.hook.requests) >= count)
        secrets = ["another", self.secret]
        return [self.gateway.verify_webhook(body, headers, secrets) for _, headers, body in self.hook.requests]


@asynccontextmanager
async def stand_in(
    name: str, make: Callable[..., Gateway], redis: Redis, account: dict[str, Any], secret: str
) -> AsyncIterator[StandIn]:
    """make: a client of it, with these fields of its account. secret: with which it signs its webhooks."""
    async with scripted_api() as hook:
        hook.say(200, {})
        settings = Settings.model_validate({"http_port": 0, "smtp_port": 0, f"{name}_webhook_url": f"{hook.url}/hook"})
        async with running(settings) as sandbox, httpx.AsyncClient(base_url=sandbox.http_url, timeout=30) as outside:
            url = f"{sandbox.http_url}/{name}"
            gateway = make(url, redis, clock=system_clock, **account)
            hasty = make(url, redis, clock=system_clock, time_factor=0.02, **account)
            yield StandIn(name, gateway, hasty, outside, hook, secret)
            await gateway.close()
            await hasty.close()


def fact(answer: Any) -> Any:
    """What a call that went well was answered."""
    assert isinstance(answer, Answered), answer
    return answer.fact
