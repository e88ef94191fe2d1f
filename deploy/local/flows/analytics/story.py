"""What the parts of the flow share: clients, the organization, and what was checked."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.clients import client_of
from deploy.local.demo import Check, RunningStack
from deploy.local.keys import mint_token
from deploy.local.polling import TIMEOUT_S, T, ask_until, read
from deploy.local.simulation.patience import PatientApi

REASON: Final = "a demonstration"
_TTL_S: Final = 3600
_NO_PARAMS: Final[Mapping[str, str]] = {}


class Story:
    """began: what is older is not ours. analytics, payments: the APIs, as an administrator of all. sandbox: the mailbox."""

    def __init__(
        self, stack: RunningStack, analytics: httpx.AsyncClient, payments: httpx.AsyncClient, sandbox: httpx.AsyncClient
    ) -> None:
        self.stack = stack
        self.began = datetime.now(UTC)
        self.organization_id: UUID = uuid4()
        self.email = f"desk@{self.organization_id.hex[:12]}.example.com"
        self.analytics = PatientApi(analytics)
        self.payments = PatientApi(payments)
        self.checks: list[Check] = []
        self.counts: Counter[str] = Counter()
        self._sandbox = sandbox

    @property
    def whose(self) -> dict[str, str]:
        """The parameter that names the organization."""
        return {"organization_id": str(self.organization_id)}

    def check(self, name: str, found: Any, expected: Any, more: str = "") -> None:
        """Note whether an effect is there. more: what people want to know of it where it is."""
        passed = found == expected
        self.checks.append(Check(name, passed, more if passed else f"found {found}, expected {expected}"))

    async def watch(
        self, sentence: str, ask: Callable[[], Awaitable[T]], met: Callable[[T], bool], timeout_s: float = TIMEOUT_S
    ) -> T:
        """Ask until it will do; after the time-out whatever the answer is, for the checks to judge."""
        self.stack.tell(sentence)
        return await ask_until(ask, met, timeout_s=timeout_s)

    async def make(self, api: PatientApi, path: str, **fields: Any) -> Any:
        """Make something of the organization's."""
        headers = {"Idempotency-Key": str(uuid4())}
        return (await api.ask("POST", path, json=fields, params=self.whose, headers=headers)).raise_for_status().json()

    async def run_now(self, entry: str) -> None:
        """Fire an entry of analytics' schedule besides its slots, so that nobody who watches waits for the next one."""
        path, headers = f"/v1/operations/schedules/{entry}/run", {"Idempotency-Key": str(uuid4())}
        (await self.analytics.ask("POST", path, json={"reason": REASON}, headers=headers)).raise_for_status()

    async def mails(self, to: str, *words: str) -> list[dict[str, Any]]:
        """The mails since the flow began that have one of these words in their subject, the newest first."""
        listed = await read(self._sandbox, "/mail", {"to": to, "limit": "500"})
        since = [mail for mail in listed["items"] if datetime.fromisoformat(mail["received_at"]) >= self.began]
        return [mail for mail in since if any(word in mail["subject"] for word in words)]

    async def mail_text(self, mail: Mapping[str, Any]) -> str:
        """What a mail says."""
        return str((await read(self._sandbox, f"/mail/{mail['id']}"))["text"])


@asynccontextmanager
async def story_on(stack: RunningStack) -> AsyncIterator[Story]:
    """A fresh one."""
    token = mint_token(stack.home, subject=stack.operator, roles=["admin"], ttl_s=_TTL_S)
    shown = {"Authorization": f"Bearer {token}"}
    async with AsyncExitStack() as exits:

        async def client(service: str) -> httpx.AsyncClient:
            return await exits.enter_async_context(client_of(stack.url(f"{service}-api"), shown))

        sandbox = await exits.enter_async_context(stack.sandbox())
        yield Story(stack, await client("analytics"), await client("payments"), sandbox)
