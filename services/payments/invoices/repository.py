"""Reading invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.payments.invoices.condition_repository import named
from services.payments.invoices.filter_models import InvoiceFilter
from services.payments.invoices.models import Invoice, InvoiceChange, InvoiceLine, Source
from services.payments.invoices.party_models import Buyer, Seller
from shared.runtime.db import ReadSession

COLUMNS: Final = ", ".join(f"invoices.{field.name}" for field in fields(Invoice))
"""Of a row that `invoice_of` reads."""

_LINE_COLUMNS: Final = ", ".join(field.name for field in fields(InvoiceLine))
_FIND: Final = text(f"""
    SELECT {COLUMNS} FROM invoices
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - the columns are constants of this module
_OF_SOURCE: Final = text(f"""
    SELECT {COLUMNS} FROM invoices
     WHERE status <> 'void' AND (order_id = CAST(:order_id AS uuid) OR trip_id = CAST(:trip_id AS uuid)
           OR (subscription_id = CAST(:subscription_id AS uuid) AND period_start = CAST(:period_start AS date)))
""")  # noqa: S608 - as above
_LINES: Final = text(f"""
    SELECT {_LINE_COLUMNS} FROM invoice_lines WHERE invoice_id = :id ORDER BY number
""")  # noqa: S608 - as above
_CHANGES: Final = text("""
    SELECT number, from_status, to_status, actor, reason, before, after, at FROM invoice_changes
     WHERE invoice_id = :id AND number < coalesce(CAST(:before AS bigint), 9223372036854775807) ORDER BY number DESC LIMIT :limit
""")
_MEANT: Final = {
    "organization_id": "organization_id = :organization_id",
    "after": "id < :after",
    "status": "status = :status",
    "customer_id": "customer_id = :customer_id",
    "order_id": "order_id = :order_id",
    "trip_id": "trip_id = :trip_id",
    "subscription_id": "subscription_id = :subscription_id",
    "number": "number = :number",
    "issued_from": "issued_on >= :issued_from",
    "issued_to": "issued_on <= :issued_to",
    "overdue_on": "balance_minor > 0 AND due_on < :overdue_on",
}


class InvoiceReader:
    """Reads. `organization_id` is whose the caller may see, None for anybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, invoice_id: UUID, *, organization_id: UUID | None) -> Invoice | None:
        """The invoice, if it is the organization's."""
        bound = {"id": invoice_id, "organization_id": organization_id}
        row = (await self._session.execute(_FIND, bound)).mappings().one_or_none()
        return invoice_of(row) if row is not None else None

    async def of_source(self, source: Source) -> Invoice | None:
        """The invoice of an order, a period or a trip that is not void."""
        row = (await self._session.execute(_OF_SOURCE, source_columns(source))).mappings().one_or_none()
        return invoice_of(row) if row is not None else None

    async def lines(self, invoice_id: UUID) -> tuple[InvoiceLine, ...]:
        """Its lines, in order."""
        rows = await self._session.execute(_LINES, {"id": invoice_id})
        return tuple(InvoiceLine(**row) for row in rows.mappings())

    async def newest(
        self, meant: InvoiceFilter, *, organization_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[Invoice]:
        """The newest first."""
        bound = {**meant.model_dump(), "organization_id": organization_id, "after": after, "limit": limit}
        query = f"SELECT {COLUMNS} FROM invoices WHERE {named(_MEANT, bound)} ORDER BY id DESC LIMIT :limit"  # noqa: S608 - as above
        return [invoice_of(row) for row in (await self._session.execute(text(query), bound)).mappings()]

    async def changes(self, invoice_id: UUID, *, before: int | None, limit: int) -> Sequence[InvoiceChange]:
        """What happened to it since its issue, the newest first."""
        rows = await self._session.execute(_CHANGES, {"id": invoice_id, "before": before, "limit": limit})
        return [InvoiceChange(**row) for row in rows.mappings()]


def invoice_of(row: RowMapping | Mapping[str, Any]) -> Invoice:
    """The invoice of a row with COLUMNS."""
    seller = Seller.model_validate(row["seller"]) if row["seller"] is not None else None
    return Invoice(**{**row, "seller": seller, "buyer": Buyer.model_validate(row["buyer"])})


def source_columns(source: Source) -> dict[str, Any]:
    """As parameters of a statement."""
    return {field.name: getattr(source, field.name) for field in fields(source)}
