"""Placed orders, written as they stand in the tables: two chairs and a table, from Maharashtra to Karnataka."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from bench.payments.api import ORGANIZATION

TOTAL: Final = 1_303_000
"""Of each, in paise."""
_ORDERS: Final = """
    INSERT INTO orders (id, organization_id, customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
                        round_off_minor, total_minor, supply_kind, supplier_state, place_of_supply, round_to_minor, delivery,
                        placed_at, created_at, updated_at, changed_by)
    SELECT id, $3, customer_id, 'B-' || id, 'placed', 'INR', 1150000, 0, 153006, -6, 1303000, 'domestic', '27', '29', 100, '{}',
           now(), now(), now(), 'bench'
      FROM unnest($1::uuid[], $2::uuid[]) AS row(id, customer_id)
"""
_LINES: Final = """
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor)
    SELECT id, line.* FROM unnest($1::uuid[]) AS row(id), (VALUES
           (1, 'CHAIR-1', 'Oak chair', '940161', 2, 125050, 0, 1800, 250100, 0, 0, 0, 45018, 295118),
           (2, 'TABLE-1', 'Oak table', '940360', 1, 899900, 0, 1200, 899900, 0, 0, 0, 107988, 1007888)) AS line
"""


async def place(admin: asyncpg.Connection, ids: Sequence[UUID], customers: Sequence[UUID]) -> None:
    """One order for each of the customers, under these ids."""
    async with admin.transaction():
        await admin.execute(_ORDERS, list(ids), list(customers), ORGANIZATION)
        await admin.execute(_LINES, list(ids))
