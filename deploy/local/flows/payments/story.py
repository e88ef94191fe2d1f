"""What the steps of the flow share: clients, the organization, what there is by now, and what was checked."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.demo import Check, RunningStack
from deploy.local.polling import ask_until, read

_NO_PARAMS: Final[Mapping[str, str]] = {}


class Story:
    """api, admin: of payments, as an operator and as an administrator. sandbox: the stand-ins, with the gateway and the mailbox.

    things: what the steps have made, as the API shows it, by what it is: `order`, `payment`, `invoice`.
    """

    def __init__(self, stack: RunningStack, api: httpx.AsyncClient, admin: httpx.AsyncClient, sandbox: httpx.AsyncClient) -> None:
        self.stack = stack
        self.api = api
        self.admin = admin
        self.sandbox = sandbox
        self.organization_id: UUID = uuid4()
        self.email = f"ann@{self.organization_id.hex[:12]}.example.com"
        self.things: dict[str, Any] = {}
        self.checks: list[Check] = []
        self.counts: Counter[str] = Counter()

    def check(self, name: str, found: Any, expected: Any, more: str = "") -> None:
        """Note whether an effect is there. more: what people want to know of it where it is."""
        passed = found == expected
        self.checks.append(Check(name, passed, more if passed else f"found {found}, expected {expected}"))

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API of payments answers; an operator says for which organization, and repeats nothing twice."""
        answer = await self.api.request(
            method, path, json=body, params=self.whose, headers={"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        )
        return answer.raise_for_status().json()

    async def set_up(self, path: str, settings: Any) -> None:
        """Settings of the organization, which are an administrator's."""
        (await self.admin.put(path, json=settings, params=self.whose)).raise_for_status()

    async def read(self, path: str, params: Mapping[str, str] = _NO_PARAMS) -> Any:
        """What there is at a path of payments."""
        return await read(self.api, path, {**self.whose, **params})

    async def watch(self, path: str, met: Callable[[Any], bool], sentence: str) -> Any:
        """Read until it will do; after the time-out whatever is there, for the checks to judge."""
        self.stack.tell(sentence)
        return await ask_until(lambda: self.read(path), met)

    async def mails(self, subject_part: str) -> list[dict[str, Any]]:
        """The customer's mails with these words in the subject, once there is one."""

        async def ask() -> list[dict[str, Any]]:
            listed = await read(self.sandbox, "/mail", {"to": self.email, "limit": "100"})
            return [mail for mail in listed["items"] if subject_part in mail["subject"]]

        self.stack.tell(f"waiting for the mail: {subject_part}")
        return await ask_until(ask, bool)

    async def at_gateway(self, method: str, path: str, body: Any = None) -> Any:
        """What the stand-in of Razorpay answers."""
        answer = await self.sandbox.request(method, f"/razorpay{path}", json=body)
        return answer.raise_for_status().json()

    @property
    def whose(self) -> dict[str, str]:
        """The parameter that names the organization."""
        return {"organization_id": str(self.organization_id)}


@asynccontextmanager
async def story_on(stack: RunningStack) -> AsyncIterator[Story]:
    """A fresh one."""
    async with AsyncExitStack() as exits:
        api = await exits.enter_async_context(stack.api("payments"))
        admin = await exits.enter_async_context(stack.api("payments", role="admin"))
        sandbox = await exits.enter_async_context(stack.sandbox())
        yield Story(stack, api, admin, sandbox)
