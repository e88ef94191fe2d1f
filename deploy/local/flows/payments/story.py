"""What the steps of the flow share: clients, the organization, what there is by now, and what was checked."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.demo import Check, RunningStack
from deploy.local.polling import ask_until, read, read_all

_NO_PARAMS: Final[Mapping[str, str]] = {}
_LEDGER_PAGE: Final = 10_000


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
        self._rules: dict[str, str] = {}

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

    async def read(self, path: str, params: Mapping[str, str] = _NO_PARAMS) -> Any:
        """What there is at a path of payments."""
        return await read(self.api, path, {**self.whose, **params})

    async def read_all(self, path: str, params: Mapping[str, str] = _NO_PARAMS) -> list[dict[str, Any]]:
        """Every item of a list of the organization's."""
        return await read_all(self.api, path, {**self.whose, **params, "limit": "200"})

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

    async def rule(self, match: str, **rule: Any) -> None:
        """Tell the gateway's stand-in what to do wrong about something. match: an id that it has given."""
        rule_id = f"demo-{uuid4().hex[:12]}"
        answer = await self.sandbox.post("/faults/razorpay", json={"id": rule_id, "match": match, **rule})
        answer.raise_for_status()
        self._rules[match] = rule_id

    async def unrule(self, match: str) -> None:
        """Take a rule back."""
        (await self.sandbox.delete(f"/faults/razorpay/{self._rules.pop(match)}")).raise_for_status()

    async def clear(self) -> None:
        """Leave no rule behind."""
        for match in tuple(self._rules):
            await self.unrule(match)

    async def moved(self, gateway_payment_id: str, kind: str) -> list[int]:
        """What the gateway's own ledger has of a payment, in paise, once there is something. kind: `capture` or `refund`."""

        async def ask() -> list[int]:
            mine = [one for one in await self._ledger() if one["payment_id"] == gateway_payment_id]
            return [one["amount"] for one in mine if one["kind"] == kind]

        return await ask_until(ask, bool)

    async def _ledger(self) -> list[dict[str, Any]]:
        """All that the gateway has ever moved, the oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            page = (await self.at_gateway("GET", f"/ledger?skip={len(found)}&limit={_LEDGER_PAGE}"))["items"]
            found += page
            if len(page) < _LEDGER_PAGE:
                return found

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
        story = Story(stack, api, admin, sandbox)
        exits.push_async_callback(story.clear)
        yield story
