"""Reading who can make what, and what of their capacity is reserved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.manufacturers.models import on_time_bp, quality_bp
from services.payments.matching.pool_models import Member, Reserved
from shared.runtime.db import ReadSession

# In the order of a member's fields.
_MEMBERS: Final = text("""
    SELECT capability, manufacturer_id, unit_price_minor, currency, minimum_quantity, lead_time_days, capacity_units,
           capacity_period, latitude, longitude, serves, active, blocked_at IS NOT NULL,
           coalesce(units, 0), coalesce(rejected, 0), coalesce(deliveries, 0), coalesce(on_time, 0)
      FROM manufacturer_capabilities
      JOIN manufacturers ON manufacturers.id = manufacturer_id
      LEFT JOIN manufacturer_records USING (manufacturer_id)
     WHERE manufacturer_capabilities.organization_id = :organization_id AND capability = ANY(CAST(:capabilities AS text[]))
""")
# What an order has reserved itself is free for it, where somebody asks how it could be made otherwise.
_RESERVED: Final = text("""
    SELECT capability, manufacturer_id, starts_on, reserved_units - coalesce((
               SELECT sum(units) FROM capacity_reservations AS own
                 JOIN match_offer_lines USING (offer_id, line_number)
                WHERE match_offer_lines.order_id = CAST(:order_id AS uuid) AND own.manufacturer_id = period.manufacturer_id
                  AND own.capability = period.capability AND own.starts_on = period.starts_on), 0) AS units
      FROM capacity_periods AS period JOIN manufacturer_capabilities AS known USING (manufacturer_id, capability)
     WHERE known.organization_id = :organization_id AND capability = ANY(CAST(:capabilities AS text[]))
       AND starts_on >= :since AND reserved_units > 0
""")
_LONGEST_PERIOD: Final = timedelta(days=6)


class PoolReader:
    """Reads what pools are made of."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def members(self, organization_id: UUID, capabilities: Sequence[str]) -> Mapping[str, Sequence[Member]]:
        """Everybody who can make one of these, by what it is; the inactive and the blocked as well."""
        found: dict[str, list[Member]] = {capability: [] for capability in capabilities}
        bound = {"organization_id": organization_id, "capabilities": list(capabilities)}
        for capability, *values in await self._session.execute(_MEMBERS, bound):
            found[capability].append(_member(values))
        return found

    async def reserved(
        self, organization_id: UUID, capabilities: Sequence[str], today: date, *, but_for: UUID | None = None
    ) -> Mapping[str, Mapping[UUID, Reserved]]:
        """What is reserved from today on, by capability and manufacturer. but_for: an order whose own reservations do not
        count."""
        found: dict[str, dict[UUID, dict[date, int]]] = {capability: defaultdict(dict) for capability in capabilities}
        bound = {"organization_id": organization_id, "capabilities": list(capabilities), "order_id": but_for}
        rows = await self._session.execute(_RESERVED, bound | {"since": today - _LONGEST_PERIOD})
        for capability, manufacturer_id, starts_on, units in rows:
            found[capability][manufacturer_id][starts_on] = units
        return found


def _member(values: Sequence[Any]) -> Member:
    maker, price, currency, minimum, lead_time, units, period, latitude, longitude, serves, active, blocked, *record = values
    made, rejected, deliveries, on_time = record
    return Member(
        manufacturer_id=maker,
        unit_price_minor=price,
        currency=currency,
        minimum_quantity=minimum,
        lead_time_days=lead_time,
        capacity_units=units,
        capacity_period=period,
        latitude=latitude,
        longitude=longitude,
        serves=frozenset(serves) if serves is not None else None,
        active=active,
        blocked=blocked,
        quality_bp=quality_bp(made, rejected),
        on_time_bp=on_time_bp(deliveries, on_time),
    )
