"""A bare loop over the same data, as the limit of what can be reached: each line goes to the best manufacturer that can make it,
by the same rules and the same six terms, in plain Python over lists by capability, and only who makes what is written.

It leaves out the search for few manufacturers, offers, mails, explanations, chunks and retries, and it is not told of anything
that others reserve.
"""

import asyncio
from collections import defaultdict
from datetime import date, timedelta
from math import acos, cos, radians, sin
from typing import Any
from uuid import UUID

import asyncpg

_LINES = """
    SELECT orders.id, due_on, delivery ->> 'state_code' AS state, CAST(delivery ->> 'latitude' AS float8) AS north,
           CAST(delivery ->> 'longitude' AS float8) AS east, order_lines.number, capability, quantity
      FROM orders JOIN order_lines ON order_id = orders.id WHERE status = 'paid' ORDER BY orders.id, order_lines.number
"""
_MEMBERS = """
    SELECT capability, manufacturer_id, unit_price_minor, serves, minimum_quantity, lead_time_days, capacity_units,
           capacity_period = 'day' AS by_day, latitude, longitude,
           (coalesce(units - rejected, 0) + 95.0) / (coalesce(units, 0) + 100) AS quality,
           (coalesce(on_time, 0) + 4.0) / (coalesce(deliveries, 0) + 5) AS punctuality
      FROM manufacturer_capabilities JOIN manufacturers ON id = manufacturer_id
      LEFT JOIN manufacturer_records USING (manufacturer_id)
     WHERE active AND blocked_at IS NULL
"""


async def assign(connection: asyncpg.Connection) -> None:
    """Assign every line, and write it into a table of its own."""
    today = await connection.fetchval("SELECT current_date")
    members, lines = await connection.fetch(_MEMBERS), await connection.fetch(_LINES)
    # In a thread, because the process hosts the relay, which would take a blocked loop for a server that is away.
    assigned = await asyncio.to_thread(_assigned, today, members, lines)
    await connection.execute("CREATE TABLE bare_assignments (order_id uuid, number integer, maker uuid)")
    await connection.copy_records_to_table("bare_assignments", records=assigned, schema_name="payments")
    await connection.execute("DROP TABLE bare_assignments")


def _assigned(today: date, members: list[Any], lines: list[Any]) -> list[tuple[UUID, int, UUID]]:
    pools: dict[str, list[list[Any]]] = defaultdict(list)
    for row in members:
        serves = frozenset(row["serves"]) if row["serves"] is not None else None
        fixed = 20 * float(row["quality"]) + 15 * float(row["punctuality"])
        pools[row["capability"]].append(
            [serves, *list(row)[4:8], _vector(row["latitude"], row["longitude"]), fixed, row["unit_price_minor"], row[1], 0]
        )
    lowest = {capability: min(member[7] for member in pool) for capability, pool in pools.items()}
    assigned = []
    for order_id, due_on, state, north, east, number, capability, quantity in lines:
        days, there = ((due_on or today + timedelta(days=60)) - today).days, _vector(north, east)
        best, best_score = None, -1.0
        for member in pools[capability]:
            serves, minimum, lead_time, units, by_day, here, fixed, price, _, taken = member
            whole = units * (days + 1 if by_day else (days + today.weekday() + 1) // 7)
            if quantity > whole - taken or minimum > quantity or lead_time > days or (serves is not None and state not in serves):
                continue
            km = 6371.0088 * acos(min(1.0, here[0] * there[0] + here[1] * there[1] + here[2] * there[2]))
            score = fixed + 35 * lowest[capability] / price + 15 * (days - lead_time) / days
            score += 10 * max(0.0, 1 - km / 2000) + 5 * (whole - taken) / whole
            if score > best_score:
                best, best_score = member, score
        if best is not None:
            best[-1] += quantity
            assigned.append((order_id, number, best[8]))
    return assigned


def _vector(north: float, east: float) -> tuple[float, float, float]:
    latitude, longitude = radians(north), radians(east)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
