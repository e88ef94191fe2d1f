"""Stripe's lists (docs.stripe.com/api/pagination), by `starting_after`: a cursor is the id of the last entry that was seen."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from services.payments.gateways.answers import Answer, Answered
from services.payments.gateways.api import at
from services.payments.gateways.documents import Document
from services.payments.gateways.facts import DisputeFact, PaymentFact, RefundFact, SettlementItem
from services.payments.gateways.reports import ZONES, Page
from services.payments.gateways.stripe_api import StripeApi
from services.payments.gateways.stripe_facts import STRIPE, dispute_fact, payment_fact, refund_fact
from services.payments.gateways.stripe_reports import EXPAND, payout_itself, settlement_item
from services.payments.gateways.stripe_requests import EXPAND as EXPAND_CHARGE

T = TypeVar("T")
_PAYMENT: Final = (("expand[]", f"data.{EXPAND_CHARGE}"),)


class StripeReports:
    """The `Reports` of one account."""

    zone = ZONES[STRIPE]

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    async def payments(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[PaymentFact]]:
        query = [*_span("created", since, until), *_PAYMENT]
        return await self._page("payments", at("payment_intents"), payment_fact, query, cursor)

    async def refunds(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[RefundFact]]:
        return await self._page("refunds", at("refunds"), refund_fact, _span("created", since, until), cursor)

    async def disputes(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[DisputeFact]]:
        return await self._page("disputes", at("disputes"), dispute_fact, _span("created", since, until), cursor)

    async def dispute(self, dispute_id: str) -> Answer[DisputeFact]:
        return await self._api.ask("dispute", at("disputes", dispute_id), dispute_fact)

    async def settlement_items(self, day: date, cursor: str | None = None) -> Answer[Page[SettlementItem]]:
        """A cursor names the payout, and behind a colon the last of its lines that was seen."""
        midnight = datetime.combine(day, time(), UTC)
        arrival = _span("arrival_date", midnight, midnight + timedelta(days=1))
        found = await self._api.ask_all("payouts", at("payouts"), _itself, arrival)
        if not isinstance(found, Answered):
            return found
        payouts = {payout.text("id"): payout for payout in found.fact}
        wanted, _, last = (cursor or "").partition(":")
        rest = [key for key in sorted(payouts) if key >= wanted]
        if not rest:
            return Answered(Page([], None))
        payout, *later = rest
        lines = await self._lines(payouts[payout], last if payout == wanted else "")
        if not isinstance(lines, Answered):
            return lines
        following = f"{payout}:{lines.fact.cursor}" if lines.fact.cursor else f"{later[0]}:" if later else None
        return Answered(Page(lines.fact.items, following))

    async def _lines(self, payout: Document, last: str) -> Answer[Page[SettlementItem]]:
        """A page of the lines of one payout."""

        def read(transaction: Document) -> SettlementItem | None:
            return None if payout_itself(transaction) else settlement_item(transaction, payout)

        query = [("payout", payout.text("id")), ("expand[]", EXPAND)]
        found = await self._page("settlement_items", at("balance_transactions"), read, query, last or None)
        if not isinstance(found, Answered):
            return found
        return Answered(Page([one for one in found.fact.items if one is not None], found.fact.cursor))

    async def _page(
        self, name: str, path: str, read: Callable[[Document], T], query: Sequence[tuple[str, str]], cursor: str | None
    ) -> Answer[Page[T]]:
        found = await self._api.ask_page(name, path, read, query, cursor)
        return Answered(Page(*found.fact)) if isinstance(found, Answered) else found


def _span(name: str, since: datetime, until: datetime) -> list[tuple[str, str]]:
    return [(f"{name}[gte]", str(int(since.timestamp()))), (f"{name}[lt]", str(int(until.timestamp())))]


def _itself(payout: Document) -> Document:
    """A payout, with what its lines are read with."""
    for name in ("id", "status"):
        payout.text(name)
    return payout
