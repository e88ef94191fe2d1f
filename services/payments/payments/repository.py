"""Reading payments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.payments.filter_models import PaymentFilter
from services.payments.payments.models import Payment, PaymentChange
from shared.runtime.db import ReadSession

COLUMNS: Final = ", ".join(f"payments.{field.name}" for field in fields(Payment))
"""Of a row that `payment_of` reads."""

_FIND: Final = text(f"""
    SELECT {COLUMNS} FROM payments
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {COLUMNS} FROM payments
     WHERE coalesce(organization_id = CAST(:organization_id AS uuid), true)
       AND coalesce(id < CAST(:after AS uuid), true)
       AND coalesce(status = CAST(:status AS text), true)
       AND (CAST(:customer_id AS uuid) IS NULL OR customer_id = :customer_id)
       AND (CAST(:order_id AS uuid) IS NULL OR order_id = :order_id)
       AND (CAST(:invoice_id AS uuid) IS NULL OR invoice_id = :invoice_id)
       AND (CAST(:subscription_id AS uuid) IS NULL OR subscription_id = :subscription_id)
       AND (CAST(:gateway_payment_id AS text) IS NULL OR gateway_payment_id = :gateway_payment_id)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above
_CHANGES: Final = text("""
    SELECT number, from_status, to_status, actor, reason, reference, before, after, at FROM payment_changes
     WHERE payment_id = :id AND number < coalesce(CAST(:before AS bigint), 9223372036854775807) ORDER BY number DESC LIMIT :limit
""")
_TRIES: Final = text("""
    SELECT id, number, kind, status, amount_minor, gateway_payment_id, started_at, finished_at, detail FROM payment_attempts
     WHERE payment_id = :id ORDER BY number DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Try:
    """One call of a gateway."""

    id: UUID
    number: int
    kind: str
    status: str
    amount_minor: int
    gateway_payment_id: str | None
    started_at: datetime
    finished_at: datetime | None
    detail: str | None


class PaymentReader:
    """What is read of payments. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, payment_id: UUID, organization_id: UUID | None) -> Payment | None:
        """One payment."""
        rows = await self._session.execute(_FIND, {"id": payment_id, "organization_id": organization_id})
        row = rows.mappings().one_or_none()
        return payment_of(row) if row is not None else None

    async def newest(
        self, meant: PaymentFilter, organization_id: UUID | None, *, after: UUID | None, limit: int
    ) -> Sequence[Payment]:
        """The newest first, from after `after` on."""
        bound = meant.model_dump()
        rows = await self._session.execute(_NEWEST, {**bound, "organization_id": organization_id, "after": after, "limit": limit})
        return [payment_of(row) for row in rows.mappings()]

    async def changes(self, payment_id: UUID, *, before: int | None, limit: int) -> Sequence[PaymentChange]:
        """A payment's history, the newest first."""
        rows = await self._session.execute(_CHANGES, {"id": payment_id, "before": before, "limit": limit})
        return [PaymentChange(**row) for row in rows.mappings()]

    async def tries(self, payment_id: UUID, *, limit: int) -> Sequence[Try]:
        """The calls that were made for it, the newest first."""
        rows = await self._session.execute(_TRIES, {"id": payment_id, "limit": limit})
        return [Try(**row) for row in rows.mappings()]


def payment_of(row: Mapping[Any, Any]) -> Payment:
    """A payment of its columns."""
    return Payment(**row)
