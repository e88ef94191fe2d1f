"""Razorpay's lists (razorpay.com/docs/api), by `count` and `skip`: a cursor is how many entries came before."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from services.payments.gateways.answers import Answer, Answered
from services.payments.gateways.api import at
from services.payments.gateways.documents import Document
from services.payments.gateways.facts import DisputeFact, PaymentFact, RefundFact, SettlementItem
from services.payments.gateways.razorpay_api import PAGE, RazorpayApi
from services.payments.gateways.razorpay_facts import RAZORPAY, dispute_fact, payment_fact, refund_fact, settlement_item
from services.payments.gateways.reports import ZONES, Page

RECON_PAGE: Final = 1000
T = TypeVar("T")


class RazorpayReports:
    """The `Reports` of one account. Lists begin with the newest; `until` is in the past, so nothing moves them meanwhile."""

    zone = ZONES[RAZORPAY]

    def __init__(self, api: RazorpayApi) -> None:
        self._api = api

    async def payments(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[PaymentFact]]:
        return await self._page("payments", at("payments"), payment_fact, _span(since, until), PAGE, cursor)

    async def refunds(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[RefundFact]]:
        return await self._page("refunds", at("refunds"), refund_fact, _span(since, until), PAGE, cursor)

    async def disputes(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[DisputeFact]]:
        # This list is documented without `from` and `to`: it is left where it gets too old.
        found = await self._page("disputes", at("disputes"), dispute_fact, (), PAGE, cursor)
        if not isinstance(found, Answered):
            return found
        page = found.fact
        meant = [one for one in page.items if since <= one.occurred_at < until]
        is_past = any(one.occurred_at < since for one in page.items)
        return Answered(Page(meant, None if is_past else page.cursor))

    async def dispute(self, dispute_id: str) -> Answer[DisputeFact]:
        return await self._api.ask("dispute", at("disputes", dispute_id), dispute_fact)

    async def settlement_items(self, day: date, cursor: str | None = None) -> Answer[Page[SettlementItem]]:
        query = [("year", f"{day:%Y}"), ("month", f"{day:%m}"), ("day", f"{day:%d}")]
        path = at("settlements", "recon", "combined")
        return await self._page("settlement_items", path, settlement_item, query, RECON_PAGE, cursor)

    async def _page(
        self,
        name: str,
        path: str,
        read: Callable[[Document], T],
        query: Sequence[tuple[str, str]],
        size: int,
        cursor: str | None,
    ) -> Answer[Page[T]]:
        skip = int(cursor or 0)
        paged = [*query, ("count", str(size)), ("skip", str(skip))]
        found = await self._api.ask(name, path, lambda document: [read(item) for item in document.items("items")], paged)
        if not isinstance(found, Answered):
            return found
        # Another page is asked for after a full one alone, which may turn out empty.
        return Answered(Page(found.fact, str(skip + size) if len(found.fact) == size else None))


def _span(since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Razorpay includes both ends, and counts in seconds."""
    return [("from", str(int(since.timestamp()))), ("to", str(int(until.timestamp()) - 1))]
