"""Manufacturers and orders as the tests of matching and of offers need them."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.matching.models import Counts
from services.payments.matching.policy_models import TERMS, Policy, Weights
from services.payments.matching.policy_repository import PolicyRepository
from services.payments.matching_deps import match_runs
from services.payments.settings import PaymentsSettings
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday, and the moment at which the tests' clock begins."""

TODAY: Final = date(2026, 3, 2)
PUNE: Final = (18.5204, 73.8567)
MUMBAI: Final = (19.0760, 72.8777)

_MANUFACTURER: Final = text("""
    INSERT INTO manufacturers (id, organization_id, code, name, email, latitude, longitude, serves, active, blocked_reason,
                               blocked_at, blocked_by)
    VALUES (:id, :organization_id, CAST(:code AS text), 'Works ' || CAST(:code AS text),
            lower(CAST(:code AS text)) || '@works.example', :latitude, :longitude,
            CAST(:serves AS text[]), :active, CAST(:blocked AS text), CASE WHEN CAST(:blocked AS text) IS NOT NULL THEN now() END,
            CASE WHEN CAST(:blocked AS text) IS NOT NULL THEN 'operator:anna' END)
""")
_CAPABILITY: Final = text("""
    INSERT INTO manufacturer_capabilities (manufacturer_id, capability, organization_id, minimum_quantity, unit_price_minor,
                                           currency, lead_time_days, capacity_units, capacity_period)
    VALUES (:manufacturer_id, :capability, :organization_id, :minimum_quantity, :unit_price_minor, :currency, :lead_time_days,
            :capacity_units, :capacity_period)
""")
_RECORD: Final = text("""
    INSERT INTO manufacturer_records (manufacturer_id, deliveries, on_time, units, rejected)
    VALUES (:manufacturer_id, :deliveries, :on_time, :units, :rejected)
""")
_CUSTOMER: Final = text("""
    INSERT INTO customers (id, organization_id, name, locale, time_zone, created_at, updated_at)
    VALUES (:id, :organization_id, 'Asha Rao', 'en-IN', 'Asia/Kolkata', :now, :now)
""")
_ORDER: Final = text("""
    INSERT INTO orders (id, organization_id, customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
                        round_off_minor, total_minor, paid_minor, supply_kind, round_to_minor, delivery, due_on, placed_at,
                        cancelled_at, created_at, updated_at, changed_by)
    VALUES (:id, :organization_id, :customer_id, :number, CAST(:status AS text), :currency, CAST(:total AS bigint), 0, 0, 0,
            CAST(:total AS bigint), CASE WHEN CAST(:status AS text) = 'paid' THEN CAST(:total AS bigint) ELSE 0 END, 'untaxed', 1,
            jsonb_strip_nulls(jsonb_build_object('state_code', CAST(:state_code AS text), 'latitude',
                              CAST(:latitude AS float8), 'longitude', CAST(:longitude AS float8))),
            :due_on, CAST(:now AS timestamptz),
            CASE WHEN CAST(:status AS text) = 'cancelled' THEN CAST(:now AS timestamptz) END, :now, :now, 'operator:anna')
""")
_LINE: Final = text("""
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor, capability)
    SELECT :order_id, number, 'SKU-' || number, 'Part ' || number, '7326', quantity, 1000, 0, 0, 1000 * quantity, 0, 0, 0, 0,
           1000 * quantity, :capability
      FROM (SELECT CAST(:number AS integer) AS number, CAST(:quantity AS integer) AS quantity) AS line
""")
_CHANGE: Final = text("""
    UPDATE orders SET status = CAST(:status AS text), version = version + 1, updated_at = :now, changed_by = 'operator:anna',
           cancelled_at = CASE WHEN CAST(:status AS text) = 'cancelled' THEN CAST(:now AS timestamptz) END
     WHERE id = :id
""")
_USUAL: Final = {
    "minimum_quantity": 1,
    "unit_price_minor": 10_000,
    "currency": "INR",
    "lead_time_days": 5,
    "capacity_units": 100,
    "capacity_period": "week",
}


async def have_maker(
    session: Session,
    code: str = "A",
    capabilities: Sequence[str] = ("milling",),
    *,
    organization_id: UUID = OURS,
    serves: Sequence[str] | None = None,
    place: tuple[float, float] = PUNE,
    active: bool = True,
    blocked: str | None = None,
    record: tuple[int, int, int, int] | None = None,
    **terms: Any,
) -> UUID:
    """A manufacturer that can make these on the usual terms, but for what is named. record: deliveries, on time, units, rejected.

    Of several, those that are made earlier have the lower ids.
    """
    bound: dict[str, Any] = {"id": uuid7(), "organization_id": organization_id, "code": code, "active": active}
    bound |= {"latitude": place[0], "longitude": place[1], "blocked": blocked}
    await session.execute(_MANUFACTURER, bound | {"serves": list(serves) if serves is not None else None})
    key = {"manufacturer_id": bound["id"], "organization_id": organization_id}
    for capability in capabilities:
        await session.execute(_CAPABILITY, _USUAL | terms | key | {"capability": capability})
    if record is not None:
        counts = dict(zip(("deliveries", "on_time", "units", "rejected"), record, strict=True))
        await session.execute(_RECORD, {"manufacturer_id": bound["id"]} | counts)
    maker_id: UUID = bound["id"]
    return maker_id


async def have_order(
    session: Session,
    *lines: tuple[str | None, int],
    organization_id: UUID = OURS,
    status: str = "paid",
    currency: str = "INR",
    due_on: date | None = None,
    state_code: str | None = "27",
    place: tuple[float, float] | None = PUNE,
) -> UUID:
    """An order with these lines: what must be made, and how many. None is a line that comes from stock."""
    order_id, customer_id = uuid7(), uuid7()
    await session.execute(_CUSTOMER, {"id": customer_id, "organization_id": organization_id, "now": NOW})
    bound: dict[str, Any] = {"id": order_id, "organization_id": organization_id, "customer_id": customer_id, "now": NOW}
    bound |= {"number": f"ORD-{order_id.hex[-12:]}", "status": status, "currency": currency, "due_on": due_on}
    bound |= {"state_code": state_code, "latitude": place[0] if place else None, "longitude": place[1] if place else None}
    await session.execute(_ORDER, bound | {"total": 1000 * sum(quantity for _, quantity in lines)})
    for number, (capability, quantity) in enumerate(lines, start=1):
        line = {"order_id": order_id, "number": number, "capability": capability, "quantity": quantity}
        await session.execute(_LINE, line)
    return order_id


async def have_policy(session: Session, *, organization_id: UUID = OURS, **terms: Any) -> None:
    """A published policy, the built-in one but for what is named; a weight is named such as price_weight."""
    weights = Policy().weights
    wanted = {term: terms.pop(f"{term}_weight", getattr(weights, term)) for term in TERMS}
    policy = dataclasses.replace(Policy(number=1), weights=Weights(**wanted), **terms)
    assert await PolicyRepository(session).publish(organization_id, policy, by="operator:anna")


async def change_order(session: Session, order_id: UUID, status: str, at: datetime = NOW) -> None:
    """What orders do about one."""
    await session.execute(_CHANGE, {"id": order_id, "status": status, "now": at})


async def match(session: Session, now: datetime = NOW, *, order_id: UUID | None = None) -> Counts:
    """A run over all that wait, or one order; only its first chunk."""
    runs = match_runs(session, settings_of_tests(), lambda: now)
    if order_id is not None:
        return await runs.one(uuid7(), order_id, None, requested_by="operator:anna")
    return await runs.chunk(uuid7(), None, requested_by="system:test")


def settings_of_tests() -> PaymentsSettings:
    """Settings of which matching reads one."""
    return PaymentsSettings.model_construct(backend_url="https://api.example.com/payments")


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


async def offered(session: ReadSession) -> Sequence[tuple[Any, ...]]:
    """(line, code of the manufacturer, round, status) of every offer's lines, the oldest first."""
    return await rows(
        session,
        "SELECT line_number, code, match_offers.round, status FROM match_offer_lines"
        "  JOIN match_offers ON match_offers.id = offer_id JOIN manufacturers ON manufacturers.id = match_offers.manufacturer_id"
        " ORDER BY match_offers.created_at, match_offers.id, line_number",
    )


async def reserved(session: ReadSession) -> Sequence[tuple[Any, ...]]:
    """(code, capability, first day, units) of all that is reserved."""
    return await rows(
        session,
        "SELECT code, capability, starts_on, reserved_units FROM capacity_periods"
        "  JOIN manufacturers ON manufacturers.id = manufacturer_id WHERE reserved_units > 0 ORDER BY 1, 2, 3",
    )


async def standing(session: ReadSession, order_id: UUID) -> tuple[Any, ...]:
    """(state, round, code of the reason) of an order."""
    ((state, number, code),) = await rows(
        session, "SELECT state, round, reason_code FROM order_matches WHERE order_id = :id", id=order_id
    )
    return (state, number, code)
