"""What the parts of the flow share: clients, the organization, what there is by now, and what was checked."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.clients import client_of
from deploy.local.demo import Check, RunningStack
from deploy.local.keys import mint_token
from deploy.local.polling import ask_until, read
from deploy.local.simulation.patience import PatientApi

_TTL_S: Final = 900


class Story:
    """trips, payments: the APIs, as an administrator of the organization. sandbox: the mailbox. bare: trips without a token.

    things: what the parts have made, as the API shows it, by what it is: `customer`, `trip`, `completion`.
    """

    def __init__(
        self,
        stack: RunningStack,
        organization_id: UUID,
        trips: httpx.AsyncClient,
        payments: httpx.AsyncClient,
        bare: httpx.AsyncClient,
    ) -> None:
        self.stack = stack
        self.trips = PatientApi(trips)
        self.payments = PatientApi(payments)
        self.follower = trips
        self.bare = bare
        self.email = f"ann@{organization_id.hex[:12]}.example.com"
        # A mobile number of India that nobody else has; it is valid, and no SMS of a sandbox ever gets there.
        self.phone = f"+9198{organization_id.int % 10**8:08d}"
        self.things: dict[str, Any] = {}
        self.checks: list[Check] = []
        self.counts: Counter[str] = Counter()

    def check(self, name: str, found: Any, expected: Any, more: str = "") -> None:
        """Note whether an effect is there. more: what people want to know of it where it is."""
        passed = found == expected
        self.checks.append(Check(name, passed, more if passed else f"found {found}, expected {expected}"))

    async def mails(self, words: str) -> list[str]:
        """The subjects of the passenger's mails that have these words, once there is one."""
        return await self._messages("/mail", self.email, "subject", words)

    async def texts(self, words: str) -> list[str]:
        """The driver's SMS that have these words, once there is one."""
        return await self._messages("/sms", self.phone, "text", words)

    async def _messages(self, path: str, to: str, part: str, words: str) -> list[str]:
        async def ask() -> list[str]:
            async with self.stack.sandbox() as sandbox:
                listed = await read(sandbox, path, {"to": to, "limit": "100"})
            return [one[part] for one in listed["items"] if words in one[part]]

        self.stack.tell(f"waiting for a message: {words}")
        return await ask_until(ask, bool)


@asynccontextmanager
async def story_on(stack: RunningStack) -> AsyncIterator[Story]:
    """A fresh one."""
    organization_id = uuid4()
    token = mint_token(stack.home, subject=stack.operator, roles=["admin"], organization_id=organization_id, ttl_s=_TTL_S)
    async with AsyncExitStack() as exits:

        async def client(service: str, headers: dict[str, str]) -> httpx.AsyncClient:
            return await exits.enter_async_context(client_of(stack.url(f"{service}-api"), headers))

        shown = {"Authorization": f"Bearer {token}"}
        trips, payments = await client("trips", shown), await client("payments", shown)
        yield Story(stack, organization_id, trips, payments, await client("trips", {}))
