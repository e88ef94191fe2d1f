"""Razorpay's API: bodies in JSON, lists by `count` and `skip`."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from services.payments.gateways.answers import Answered, Failure, Unavailable
from services.payments.gateways.api import GatewayApi
from services.payments.gateways.calls import Call, GatewayCalls
from services.payments.gateways.documents import Document
from services.payments.gateways.razorpay_refusals import refusal
from shared.runtime.outside.http_api import Reply

T = TypeVar("T")

PAGE: Final = 100
_MAX_PAGES: Final = 1000


class RazorpayApi(GatewayApi):
    """The calls of one account."""

    def __init__(self, calls: GatewayCalls) -> None:
        super().__init__(calls, refusal)

    async def ask_all(
        self, name: str, path: str, read: Callable[[Document], T], query: Sequence[tuple[str, str]] = (), page: int = PAGE
    ) -> Answered[list[T]] | Failure:
        """All pages of a list."""
        found: list[T] = []
        for number in range(_MAX_PAGES):
            paged = [*query, ("count", str(page)), ("skip", str(number * page))]
            answer = await self.ask(name, path, lambda document: [read(item) for item in document.items("items")], paged)
            if not isinstance(answer, Answered):
                return answer
            found += answer.fact
            if len(answer.fact) < page:
                return Answered(found)
        return Unavailable(f"razorpay: {name} has more than {_MAX_PAGES * page} entries")

    async def do(
        self,
        name: str,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> Reply | Failure:
        """Do something; the reply as it is."""
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return await self.calls.make(Call(name, "POST", path, content=content, headers=headers, does=True, repeatable=repeatable))
