"""Stripe's API: bodies as forms, lists by `starting_after`, an idempotency key with everything that does something."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from services.payments.gateways.answers import Answered, Failure, Unavailable
from services.payments.gateways.api import GatewayApi
from services.payments.gateways.calls import Call, GatewayCalls
from services.payments.gateways.documents import Document
from services.payments.gateways.stripe_refusals import refusal
from shared.runtime.outside.http_api import Reply

T = TypeVar("T")

VERSION: Final = "2024-06-20"
"""The version of the API whose forms are read here; later ones are heard of in its change log first."""
_PAGE: Final = 100
_MAX_PAGES: Final = 1000


class StripeApi(GatewayApi):
    """The calls of one account."""

    def __init__(self, calls: GatewayCalls) -> None:
        super().__init__(calls, refusal)

    async def ask_all(
        self, name: str, path: str, read: Callable[[Document], T], query: Sequence[tuple[str, str]] = ()
    ) -> Answered[list[T]] | Failure:
        """All pages of a list."""
        found: list[T] = []
        after: str | None = None
        for _ in range(_MAX_PAGES):
            answer = await self.ask_page(name, path, read, query, after)
            if not isinstance(answer, Answered):
                return answer
            items, after = answer.fact
            found += items
            if after is None:
                return Answered(found)
        return Unavailable(f"stripe: {name} has more than {_MAX_PAGES * _PAGE} entries")

    async def ask_page(
        self, name: str, path: str, read: Callable[[Document], T], query: Sequence[tuple[str, str]], after: str | None
    ) -> Answered[tuple[list[T], str | None]] | Failure:
        """A page of a list from behind the entry `after` on, and the id of its last entry where more follow."""
        begin = [("starting_after", after)] if after is not None else []
        return await self.ask(name, path, lambda page: _page(page, read), [*query, ("limit", str(_PAGE)), *begin])

    async def do(self, name: str, path: str, form: Mapping[str, str], key: str) -> Reply | Failure:
        """Do something; the reply as it is. key: makes a repetition the same call, for 24 hours at least."""
        headers = {"Idempotency-Key": key}
        return await self.calls.make(Call(name, "POST", path, form=form, headers=headers, does=True, repeatable=True))


def _page(page: Document, read: Callable[[Document], T]) -> tuple[list[T], str | None]:
    """The items of a page, and the id of the last one where more follow."""
    items = page.items("data")
    return [read(item) for item in items], items[-1].text("id") if items and page.flag("has_more") else None
