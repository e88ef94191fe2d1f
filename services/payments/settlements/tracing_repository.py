"""Statements that follow an id through orders, payments and what a gateway holds of them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession

# Ids of gateways are found in the indexes that begin with gateway and account: there are few of those.
_PAYMENTS: Final = text("""
    WITH named AS (
        SELECT id FROM payments WHERE id = CAST(:uuid AS uuid)
        UNION SELECT id FROM payments WHERE order_id = CAST(:uuid AS uuid)
        UNION SELECT id FROM payments WHERE invoice_id = CAST(:uuid AS uuid)
        UNION SELECT payment_id FROM payment_attempts WHERE id = CAST(:uuid AS uuid)
        UNION SELECT payment_id FROM refunds WHERE id = CAST(:uuid AS uuid)
        UNION SELECT payments.id FROM orders JOIN payments ON payments.order_id = orders.id WHERE orders.number = :named
        UNION SELECT payment_id FROM gateway_payments WHERE gateway_payment_id = :named
        UNION SELECT id FROM payments WHERE gateway_order_id = :named
        UNION SELECT payment_id FROM refunds WHERE gateway_refund_id = :named
        UNION SELECT payment_id FROM disputes WHERE gateway_dispute_id = :named
        UNION SELECT payment_id FROM recon_items WHERE settlement_id = :named AND :named <> ''
        UNION SELECT payment_id FROM recon_items WHERE utr = :named
    )
    SELECT payments.id, payments.organization_id, payments.order_id, orders.number AS order_number, payments.invoice_id,
           payments.gateway, payments.account, payments.status, payments.currency, payments.amount_minor, payments.captured_minor,
           payments.refunded_minor, payments.gateway_order_id, payments.gateway_payment_id, payments.captured_at
      FROM payments LEFT JOIN orders ON orders.id = payments.order_id
     WHERE payments.id IN (SELECT id FROM named)
       AND (CAST(:organization_id AS uuid) IS NULL OR payments.organization_id = :organization_id)
     ORDER BY payments.id LIMIT :limit
""")
_REFUNDS: Final = text("""
    SELECT id, payment_id, gateway_refund_id, amount_minor, currency, status, processed_at FROM refunds
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY id
""")
_DISPUTES: Final = text("""
    SELECT id, payment_id, gateway_dispute_id, amount_minor, deducted_minor, currency FROM disputes
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY id
""")
_SETTLEMENTS: Final = text("""
    SELECT DISTINCT settlements.id, settlements.settlement_id, settlements.utr, settlements.day, settlements.status
      FROM settlements JOIN recon_items AS item
        ON (item.gateway, item.account, item.settlement_id)
           = (settlements.gateway, settlements.account, settlements.settlement_id)
     WHERE item.id = ANY (CAST(:ids AS uuid[])) ORDER BY settlements.id
""")
_CASES: Final = text("""
    SELECT id, kind, entity_id, state, payment_id FROM cases
     WHERE (payment_id = ANY (CAST(:ids AS uuid[])) OR entity_id = ANY (CAST(:entities AS text[])))
       AND (CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id)
     ORDER BY id
""")


class TraceReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def payments(self, named: str, uuid: UUID | None, organization_id: UUID | None, limit: int) -> Sequence[Any]:
        """Payments that an id names: theirs, or that of their order, invoice, attempt, refund, dispute or settlement."""
        bound = {"named": named, "uuid": uuid, "organization_id": organization_id, "limit": limit}
        return (await self._session.execute(_PAYMENTS, bound)).mappings().all()

    async def refunds(self, payment_ids: Sequence[UUID]) -> Sequence[Any]:
        """Of these payments."""
        return (await self._session.execute(_REFUNDS, {"ids": list(payment_ids)})).mappings().all()

    async def disputes(self, payment_ids: Sequence[UUID]) -> Sequence[Any]:
        """About these payments."""
        return (await self._session.execute(_DISPUTES, {"ids": list(payment_ids)})).mappings().all()

    async def settlements(self, item_ids: Sequence[UUID]) -> Sequence[Any]:
        """In which these items are."""
        return (await self._session.execute(_SETTLEMENTS, {"ids": list(item_ids)})).mappings().all()

    async def cases(self, payment_ids: Sequence[UUID], entities: Sequence[str], organization_id: UUID | None) -> Sequence[Any]:
        """About these payments and ids, resolved ones as well."""
        bound = {"ids": list(payment_ids), "entities": list(entities), "organization_id": organization_id}
        return (await self._session.execute(_CASES, bound)).mappings().all()
