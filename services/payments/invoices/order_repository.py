"""Orders as invoices see them."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

_LOCK: Final = text("""
    SELECT organization_id, customer_id, legal_entity_id, number, status, currency, total_minor - cancelled_minor AS total_minor,
           paid_minor - released_minor AS received_minor, supply_kind, place_of_supply, delivery
      FROM orders WHERE id = :id FOR UPDATE
""")
_LINES: Final = text("""
    SELECT number, name, hsn_sac, quantity, cancelled_quantity, unit_price_minor, discount_minor, tax_rate_bp
      FROM order_lines WHERE order_id = :id ORDER BY number
""")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as it was ordered, and how much of it was cancelled."""

    number: int
    name: str
    hsn_sac: str
    quantity: int
    cancelled_quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_rate_bp: int


@dataclass(frozen=True, slots=True)
class Order:
    """total_minor: without what was cancelled. received_minor: paid, but for what was cancelled since. legal_entity_id:
    who was to invoice it when it was placed, None for orders from before that was kept."""

    organization_id: UUID
    customer_id: UUID
    legal_entity_id: UUID | None
    number: str
    status: str
    currency: str
    total_minor: int
    received_minor: int
    supply_kind: str
    place_of_supply: str | None
    delivery: dict[str, Any]
    lines: tuple[OrderLine, ...]


class OrderRepository:
    """Reads under the lock of the order, so that no payment comes between what it says and the invoice."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, order_id: UUID) -> Order | None:
        """The order with its lines."""
        row = (await self._session.execute(_LOCK, {"id": order_id})).mappings().one_or_none()
        if row is None:
            return None
        lines = [OrderLine(**line) for line in (await self._session.execute(_LINES, {"id": order_id})).mappings()]
        return Order(**row, lines=tuple(lines))
