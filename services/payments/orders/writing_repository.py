"""Statements that write orders. However many lines an order has, each of them is one statement."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text, update

from services.payments.orders.models import AcceptedLines, Change, Fulfilment, Order, PricedLine, RefundPlan
from services.payments.orders.repository import OrderReader
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

_LINE_COLUMNS: Final = """number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp, taxable_minor,
        cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor, capability"""
_LINES: Final = """unnest(
        CAST(:number AS integer[]), CAST(:sku AS text[]), CAST(:name AS text[]), CAST(:hsn_sac AS text[]),
        CAST(:quantity AS integer[]), CAST(:unit_price_minor AS bigint[]), CAST(:discount_minor AS bigint[]),
        CAST(:tax_rate_bp AS integer[]), CAST(:taxable_minor AS bigint[]), CAST(:cgst_minor AS bigint[]),
        CAST(:sgst_minor AS bigint[]), CAST(:utgst_minor AS bigint[]), CAST(:igst_minor AS bigint[]),
        CAST(:total_minor AS bigint[]), CAST(:capability AS text[])) AS row"""

_NEW: Final = (
    "id",
    "organization_id",
    "customer_id",
    "legal_entity_id",
    "number",
    "status",
    "currency",
    "subtotal_minor",
    "discount_minor",
    "tax_minor",
    "round_off_minor",
    "total_minor",
    "supply_kind",
    "supplier_state",
    "place_of_supply",
    "round_to_minor",
    "due_on",
    "placed_at",
    "pay_until",
    "cart_id",
    "coupon_id",
    "coupon_held",
    "subscription_id",
    "period_start",
    "remind_at",
    "created_at",
    "updated_at",
    "changed_by",
    "change_reason",
)
_INSERT: Final = text(f"""
    WITH placed AS (
        INSERT INTO orders (delivery, {", ".join(_NEW)})
        VALUES (CAST(:order_delivery AS jsonb), {", ".join(f":order_{name}" for name in _NEW)})
        ON CONFLICT DO NOTHING RETURNING *
    ), lines AS (
        INSERT INTO order_lines (order_id, {_LINE_COLUMNS}) SELECT placed.id, row.* FROM placed, {_LINES}
    )
    SELECT * FROM placed
""")  # noqa: S608 - put together from constants of this module; values are bound
_PLACED: Final = select(Order).from_statement(_INSERT)
_REWRITE: Final = text(f"""
    WITH gone AS (DELETE FROM order_lines WHERE order_id = :order_id AND number <> ALL (CAST(:number AS integer[])))
    INSERT INTO order_lines (order_id, {_LINE_COLUMNS}) SELECT CAST(:order_id AS uuid), row.* FROM {_LINES}
    ON CONFLICT (order_id, number) DO UPDATE SET
           quantity = excluded.quantity, unit_price_minor = excluded.unit_price_minor, discount_minor = excluded.discount_minor,
           tax_rate_bp = excluded.tax_rate_bp, taxable_minor = excluded.taxable_minor, cgst_minor = excluded.cgst_minor,
           sgst_minor = excluded.sgst_minor, utgst_minor = excluded.utgst_minor, igst_minor = excluded.igst_minor,
           total_minor = excluded.total_minor
""")  # noqa: S608 - as above

_FULFIL: Final = text("""
    UPDATE order_lines SET fulfilled_quantity = fulfilled_quantity + row.quantity
      FROM unnest(CAST(:numbers AS integer[]), CAST(:quantities AS integer[])) AS row(number, quantity)
     WHERE order_id = :order_id AND order_lines.number = row.number
""")
_CANCEL: Final = text("""
    UPDATE order_lines SET cancelled_quantity = cancelled_quantity + row.quantity
      FROM unnest(CAST(:numbers AS integer[]), CAST(:quantities AS integer[])) AS row(number, quantity)
     WHERE order_id = :order_id AND order_lines.number = row.number
""")
_ASSIGNED: Final = text("""
    SELECT line_number FROM match_offer_lines AS asked JOIN match_offers ON match_offers.id = offer_id
     WHERE asked.order_id = :order_id AND live AND status = 'accepted'
""")


_ACCEPTED: Final = text("""
    SELECT offer_id, match_offers.manufacturer_id, array_agg(line_number ORDER BY line_number) AS numbers
      FROM match_offer_lines AS asked JOIN match_offers ON match_offers.id = offer_id
     WHERE asked.order_id = :order_id AND line_number = ANY(CAST(:numbers AS integer[])) AND live AND status = 'accepted'
     GROUP BY offer_id, match_offers.manufacturer_id ORDER BY offer_id
""")


class OrderRepository(OrderReader):
    """What is written of orders. Whoever changes lines holds the order."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def insert(self, values: Mapping[str, Any], lines: Sequence[PricedLine]) -> Order | None:
        """Write a new order with its lines; None where its number, its cart or its subscription's period is taken."""
        bound = {f"order_{name}": values.get(name) for name in _NEW} | _columns(lines)
        inserted = await self._writing.scalars(_PLACED, bound | {"order_delivery": json.dumps(values["delivery"])})
        return inserted.one_or_none()

    async def rewrite(self, order_id: UUID, lines: Sequence[PricedLine]) -> None:
        """Bring an order's lines to these, by number; what was fulfilled and cancelled of them stays."""
        await self._writing.execute(_REWRITE, {"order_id": order_id, **_columns(lines)})

    async def change(self, order_id: UUID, values: Mapping[str, Any], change: Change) -> Order:
        """Write a change of an order under its next version; the database writes it into the order's history."""
        row = {
            **values,
            "version": Order.version + 1,
            "updated_at": change.at,
            "changed_by": change.by,
            "change_reason": change.reason,
            "change_details": change.details,
        }
        changed = update(Order).where(Order.id == order_id).values(**row).returning(Order)
        return (await self._writing.scalars(changed.execution_options(populate_existing=True))).one()

    async def fulfil(self, order_id: UUID, quantities: Mapping[int, int]) -> None:
        """Count so many of these lines as delivered, by number."""
        await self._writing.execute(_FULFIL, _counted(order_id, quantities))

    async def cancel(self, order_id: UUID, quantities: Mapping[int, int]) -> None:
        """Count so many of these lines as cancelled, by number."""
        await self._writing.execute(_CANCEL, _counted(order_id, quantities))

    async def assigned(self, order_id: UUID) -> set[int]:
        """The numbers of the lines that manufacturers have accepted to make."""
        return set((await self._writing.scalars(_ASSIGNED, {"order_id": order_id})).all())

    async def accepted(self, order_id: UUID, numbers: Collection[int]) -> Sequence[AcceptedLines]:
        """Which of these lines manufacturers have accepted to make, by offer."""
        rows = await self._writing.execute(_ACCEPTED, {"order_id": order_id, "numbers": sorted(numbers)})
        return [AcceptedLines(row.offer_id, row.manufacturer_id, tuple(row.numbers)) for row in rows]

    async def note_fulfilment(self, order_id: UUID, parcel: Mapping[str, Any], *, by: str, at: datetime) -> Fulfilment:
        """Write down what went to the customer."""
        row = {"id": uuid7(), "order_id": order_id, "fulfilled_at": at, "fulfilled_by": by, **parcel}
        return (await self._writing.scalars(insert(Fulfilment).values(**row).returning(Fulfilment))).one()

    async def plan_refund(self, plan: Mapping[str, Any], *, by: str, at: datetime) -> RefundPlan:
        """Write down what is to be given back."""
        row = {"id": uuid7(), "status": "planned", "created_at": at, "created_by": by, **plan}
        return (await self._writing.scalars(insert(RefundPlan).values(**row).returning(RefundPlan))).one()


def _columns(lines: Sequence[PricedLine]) -> dict[str, list[Any]]:
    names = [name.strip() for name in _LINE_COLUMNS.split(",")]
    return {name: [getattr(line, name) for line in lines] for name in names}


def _counted(order_id: UUID, quantities: Mapping[int, int]) -> dict[str, Any]:
    return {"order_id": order_id, "numbers": list(quantities), "quantities": list(quantities.values())}
