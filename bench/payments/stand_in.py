"""The gateway: deploy/sandbox in a process of its own, whose Razorpay answers after a while and keeps a ledger."""

import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from bench.stack import Stack
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.wait import eventually

KEY_ID: Final = "rzp_test_WaybillSandbx0"
KEY_SECRET: Final = "sandbox"  # noqa: S105 - the stand-in's own, of which everybody knows
_LISTENS: Final = re.compile(r"mailbox at (\S+), SMTP")
_LEDGER_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class StandIn:
    """A running one."""

    url: str
    pid: int
    http: httpx.AsyncClient

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs that charges there."""
        return {
            "PAYMENT_GATEWAY": "razorpay",
            "RAZORPAY_KEY_ID": KEY_ID,
            "RAZORPAY_KEY_SECRET": KEY_SECRET,
            "RAZORPAY_WEBHOOK_SECRET": KEY_SECRET,
            "RAZORPAY_BASE_URL": f"{self.url}/razorpay",
        }

    async def set_up(self, **account: Any) -> None:
        """Change how its account behaves."""
        await self._asked("PATCH", "/razorpay/account", json=account)

    async def mandates(self, count: int, method: str) -> list[tuple[str, str]]:
        """(customer, token) of so many people who have allowed charges. method: `card`, or `emandate` of a bank account."""
        return [await self._mandate(number, method) for number in range(count)]

    async def captured(self) -> list[tuple[str, int]]:
        """Whose payment each capture was, as our note on it says, and its amount in minor units; from the ledger."""
        found: list[tuple[str, int]] = []
        while True:
            query = {"skip": str(len(found)), "limit": str(_LEDGER_PAGE)}
            items = (await self._asked("GET", "/razorpay/ledger", params=query))["items"]
            found += [(str(one["notes"].get("payment")), one["amount"]) for one in items if one["kind"] == "capture"]
            if len(items) < _LEDGER_PAGE:
                return found

    async def _mandate(self, number: int, method: str) -> tuple[str, str]:
        who = {"name": "Ann Pillai", "email": f"ann{number}@example.com", "contact": f"+9198{number:08}"}
        customer = await self._asked("POST", "/razorpay/v1/customers", json=who, auth=(KEY_ID, KEY_SECRET))
        token = await self._asked("POST", "/razorpay/tokens", json={"customer_id": customer["id"], "method": method})
        return str(customer["id"]), str(token["id"])

    async def _asked(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = await self.http.request(method, path, **request)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def stand_in(stack: Stack, **settings: str) -> AsyncIterator[StandIn]:
    """A fresh one, whose charges go through at once; ended with the block. settings: further ones of the sandbox."""
    ports = {"SANDBOX_HTTP_PORT": "0", "SANDBOX_SMTP_PORT": "0"}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ports, **settings}
    program: Sequence[str] = [sys.executable, "-m", "deploy.sandbox"]
    child = ChildProcess("sandbox", list(program), log=stack.home / "sandbox.log", env=environment, cwd=ROOT)
    try:
        await eventually(lambda: _LISTENS.search(child.output()) is not None, 20, "the stand-in is not ready")
        listens = _LISTENS.search(child.output())
        assert listens is not None, "it has just been found"
        async with httpx.AsyncClient(base_url=listens[1], timeout=60) as http:
            gateway = StandIn(listens[1], child.pid, http)
            # Razorpay's own notice takes 36 hours with cards; here banks answer at once. No amount means a decline.
            await gateway.set_up(own_notice_s=0, magic_amounts=False)
            yield gateway
    finally:
        child.stop(timeout_s=5)
