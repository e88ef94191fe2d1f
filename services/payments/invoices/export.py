"""The register of invoices and credit notes as files: one for people, one with the columns of return GSTR-1."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from services.payments.invoices.register_repository import Days, Place, RegisterReader
from services.payments.money.currencies import exponent_of
from services.payments.tax.states import place_name
from shared.runtime.db import Database
from shared.runtime.http.csv_file import csv_lines

ROWS_PER_PAGE: Final = 2000
Rows = Sequence[Sequence[Any]]

REGISTER: Final = (
    *("kind", "number", "date", "status", "due_on", "buyer", "buyer_gstin", "place_of_supply", "supply_kind", "reverse_charge"),
    *("for_invoice", "currency", "taxable", "cgst", "sgst", "utgst", "igst", "tax_charged", "round_off", "total", "paid"),
    *("credited", "balance", "pdf_sha256"),
)
GSTR1: Final = (
    *("Section", "GSTIN/UIN of Recipient", "Receiver Name", "Invoice Number", "Invoice date", "Invoice Value", "Place Of Supply"),
    *("Reverse Charge", "Invoice Type", "Rate", "Taxable Value", "Integrated Tax", "Central Tax", "State/UT Tax"),
    *("Original Invoice Number", "Original Invoice date"),
)
LARGE_MINOR: Final = 1_00_000_00
"""Above this an invoice to an unregistered buyer in another state is listed by itself (CGST Rules, rule 59(4), since 2024)."""

_TYPES: Final = {
    "domestic": "Regular B2B",
    "sez_with_lut": "SEZ supplies without payment",
    "sez_without_lut": "SEZ supplies with payment",
    "export_with_lut": "WOPAY",
    "export_without_lut": "WPAY",
}


class RegisterExport:
    """Reads page after page, each in a transaction of its own: a client may take its time over a file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, meant: Days) -> AsyncIterator[bytes]:
        """Every document that has a number, those that are void as well."""

        async def page(after: Place | None) -> tuple[Rows, Place | None]:
            async with self._database.read() as session:
                rows = await RegisterReader(session).documents(meant, after, ROWS_PER_PAGE)
            end = Place(rows[-1].issued_on, rows[-1].id) if len(rows) == ROWS_PER_PAGE else None
            return [_registered(row) for row in rows], end

        return await _begun(_parts(REGISTER, page))

    async def gstr1(self, meant: Days) -> AsyncIterator[bytes]:
        """Outward supplies by document and rate, without what is void."""

        async def page(after: Place | None) -> tuple[Rows, Place | None]:
            async with self._database.read() as session:
                rows = await RegisterReader(session).by_rate(meant, after, ROWS_PER_PAGE)
            is_full = len({row.id for row in rows}) == ROWS_PER_PAGE
            end = Place(rows[-1].issued_on, rows[-1].id) if is_full else None
            return [_declared(row) for row in rows if row.rate_bp is not None], end

        return await _begun(_parts(GSTR1, page))


async def _parts(
    header: Sequence[str], page: Callable[[Place | None], Awaitable[tuple[Rows, Place | None]]]
) -> AsyncIterator[bytes]:
    """The file in parts. page: the rows after a place, and where they end; None where no further ones follow."""
    head: list[Sequence[Any]] = [header]
    end: Place | None = None
    while True:
        rows, end = await page(end)
        # In a thread: thousands of rows would hold up all other requests of the process for as long as they take.
        yield await asyncio.to_thread(csv_lines, [*head, *rows])
        if end is None:
            return
        head = []


async def _begun(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same with the first part read already: what stops it is still an error then, and not a file that is cut off."""
    first = await anext(parts)

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return all_of_it()


def decimal_of(amount_minor: int, currency: str) -> Decimal:
    """1234.50 for 123450 paise, as spreadsheets count."""
    return Decimal(amount_minor).scaleb(-exponent_of(currency))


def _registered(row: Any) -> list[Any]:
    *said, _ = row
    currency = row.currency
    first_amount, last_amount = REGISTER.index("taxable"), REGISTER.index("balance")
    return [decimal_of(value, currency) if first_amount <= place <= last_amount else value for place, value in enumerate(said)]


def _declared(row: Any) -> list[Any]:
    amounts = {name: decimal_of(getattr(row, name), row.currency) for name in ("total_minor", "taxable", "igst", "cgst", "sgst")}
    place = f"{row.place_of_supply}-{place_name(row.place_of_supply)}" if row.place_of_supply else ""
    return [
        _section(row),
        *(
            row.gstin or "",
            row.name,
            row.number,
            row.issued_on,
            amounts["total_minor"],
            place,
            "Y" if row.reverse_charge else "N",
        ),
        *(_TYPES[row.supply_kind], decimal_of(row.rate_bp, "INR"), amounts["taxable"], amounts["igst"], amounts["cgst"]),
        *(amounts["sgst"], row.for_invoice or "", row.invoice_date or ""),
    ]


def _section(row: Any) -> str:
    """Which table of the return a document belongs to."""
    if row.kind == "credit_note":
        return "CDNR" if row.gstin else "CDNUR"
    if row.supply_kind.startswith("export"):
        return "EXP"
    if row.gstin:
        return "B2B"
    return "B2CL" if row.igst and row.total_minor > LARGE_MINOR else "B2CS"
