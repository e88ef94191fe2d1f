"""The settlement report as a file: a row for each item, with the bank's reference and what our books hold for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.payments.money.currencies import EXPONENTS, exponent_of
from services.payments.settlements.filter_models import ItemFilter
from services.payments.settlements.models import Item
from services.payments.settlements.reading_repository import SettlementReader
from shared.runtime.db import Database
from shared.runtime.http.csv_file import csv_lines

ROWS_PER_PAGE: Final = 2000
HEADER: Final = (
    *("settled_on", "gateway", "account", "settlement", "utr", "kind", "entity", "order", "payment", "currency", "amount", "fee"),
    *("tax", "credit", "debit", "books", "class", "on_hold", "method", "receipt"),
)


class SettlementExport:
    """Reads page after page, each in a transaction of its own: a client may take its time over a file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def items(self, meant: ItemFilter, organization_id: UUID | None) -> AsyncIterator[bytes]:
        """The file in parts. The first is read before this returns: what stops it is still an error then, and no file cut off."""
        rows = await self._page(meant, organization_id, None)
        first = await asyncio.to_thread(csv_lines, [HEADER, *map(_row, rows)])

        async def parts() -> AsyncIterator[bytes]:
            yield first
            page = rows
            while len(page) == ROWS_PER_PAGE:
                page = await self._page(meant, organization_id, (page[-1].day, page[-1].id))
                # In a thread: thousands of rows would hold up all other requests of the process for as long as they take.
                yield await asyncio.to_thread(csv_lines, list(map(_row, page)))

        return parts()

    async def _page(self, meant: ItemFilter, organization_id: UUID | None, after: tuple[Any, ...] | None) -> Sequence[Item]:
        async with self._database.read() as session:
            return await SettlementReader(session).items(meant, organization_id, after=after, limit=ROWS_PER_PAGE)


def _row(item: Item) -> Sequence[Any]:
    amounts = (item.amount_minor, item.fee_minor, item.tax_minor, item.credit_minor, item.debit_minor, item.books_minor)
    return (
        *(item.day, item.gateway, item.account, item.settlement_id, item.utr, item.kind, item.entity_id, item.order_id),
        *(item.payment_id, item.currency, *(_decimal(one, item.currency) for one in amounts), item.class_, item.on_hold),
        *(item.method, item.receipt),
    )


def _decimal(amount_minor: int, currency: str) -> Decimal | int:
    """1234.50 for 123450 paise, as spreadsheets count; as it is for a currency that a gateway has made up."""
    return Decimal(amount_minor).scaleb(-exponent_of(currency)) if currency in EXPONENTS else amount_minor
