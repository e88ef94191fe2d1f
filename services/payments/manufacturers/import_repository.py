"""Many capabilities at once, as a file tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.manufacturers.models import CapabilityFacts
from shared.runtime.db import Session

_LOCK: Final = text("""
    SELECT id, code FROM manufacturers WHERE organization_id = :organization_id AND code = ANY(CAST(:codes AS text[]))
     ORDER BY id FOR NO KEY UPDATE
""")
_ROWS: Final = """
    rows AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:capabilities AS text[]), CAST(:minimums AS integer[]),
                             CAST(:prices AS bigint[]), CAST(:currencies AS text[]), CAST(:lead_times AS integer[]),
                             CAST(:units AS integer[]), CAST(:periods AS text[]))
            AS row(manufacturer_id, capability, minimum_quantity, unit_price_minor, currency, lead_time_days, capacity_units,
                   capacity_period)
    )"""
_RESERVED: Final = text(f"""
    WITH {_ROWS}
    SELECT manufacturer_id, capability FROM rows JOIN manufacturer_capabilities AS known USING (manufacturer_id, capability)
     WHERE known.capacity_period <> rows.capacity_period AND EXISTS (
           SELECT FROM capacity_periods AS period
            WHERE period.manufacturer_id = known.manufacturer_id AND period.capability = known.capability AND reserved_units > 0
              AND starts_on + CASE known.capacity_period WHEN 'week' THEN 6 ELSE 0 END >= CAST(:today AS date))
""")  # noqa: S608 - put together from constants of this module; values are bound
_SET: Final = text(f"""
    WITH {_ROWS}, written AS (
        INSERT INTO manufacturer_capabilities AS known (manufacturer_id, capability, organization_id, minimum_quantity,
               unit_price_minor, currency, lead_time_days, capacity_units, capacity_period)
        SELECT manufacturer_id, capability, :organization_id, minimum_quantity, unit_price_minor, currency, lead_time_days,
               capacity_units, capacity_period
          FROM rows ORDER BY manufacturer_id, capability
        ON CONFLICT (manufacturer_id, capability) DO UPDATE
           SET minimum_quantity = excluded.minimum_quantity, unit_price_minor = excluded.unit_price_minor,
               currency = excluded.currency, lead_time_days = excluded.lead_time_days, capacity_units = excluded.capacity_units,
               capacity_period = excluded.capacity_period
         WHERE (known.minimum_quantity, known.unit_price_minor, known.currency, known.lead_time_days, known.capacity_units,
                known.capacity_period)
               IS DISTINCT FROM (excluded.minimum_quantity, excluded.unit_price_minor, excluded.currency,
                                 excluded.lead_time_days, excluded.capacity_units, excluded.capacity_period)
        RETURNING new.manufacturer_id, new.capability, new.capacity_units, old.capability IS NULL AS is_new
    ), emptied AS (
        DELETE FROM capacity_periods USING written
         WHERE capacity_periods.manufacturer_id = written.manufacturer_id AND capacity_periods.capability = written.capability
           AND reserved_units = 0
    ), followed AS (
        UPDATE capacity_periods SET capacity_units = greatest(written.capacity_units, reserved_units) FROM written
         WHERE capacity_periods.manufacturer_id = written.manufacturer_id AND capacity_periods.capability = written.capability
           AND reserved_units > 0
    ), versions AS (
        UPDATE manufacturers SET version = version + 1, updated_at = :at
         WHERE id IN (SELECT manufacturer_id FROM written)
    ), told AS (
        INSERT INTO matching_changes (organization_id, capability)
        SELECT DISTINCT CAST(:organization_id AS uuid), capability FROM written ORDER BY 2
    )
    SELECT count(*) FILTER (WHERE is_new) AS created, count(*) FILTER (WHERE NOT is_new) AS updated FROM written
""")  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Row:
    """What a manufacturer can make."""

    manufacturer_id: UUID
    facts: CapabilityFacts


class CapabilityImportRepository:
    """Writes what the manufacturers of an organization can make."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def lock(self, codes: Sequence[str]) -> Mapping[str, UUID]:
        """The manufacturers that have these codes, kept for a change in this transaction."""
        rows = await self._session.execute(_LOCK, {"organization_id": self._organization_id, "codes": codes})
        return {row.code: row.id for row in rows}

    async def with_reserved_periods(self, rows: Sequence[Row], today: date) -> set[tuple[UUID, str]]:
        """Those that would count in other periods than those of which something is promised."""
        found = await self._session.execute(_RESERVED, _columns(rows) | {"today": today})
        return {(row.manufacturer_id, row.capability) for row in found}

    async def set(self, rows: Sequence[Row], at: datetime) -> tuple[int, int]:
        """Write what is new or differs; returns how many are new, and how many differed."""
        bound = _columns(rows) | {"organization_id": self._organization_id, "at": at}
        written = (await self._session.execute(_SET, bound)).one()
        return written.created, written.updated


def _columns(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "ids": [row.manufacturer_id for row in rows],
        "capabilities": [row.facts.capability for row in rows],
        "minimums": [row.facts.minimum_quantity for row in rows],
        "prices": [row.facts.unit_price_minor for row in rows],
        "currencies": [row.facts.currency for row in rows],
        "lead_times": [row.facts.lead_time_days for row in rows],
        "units": [row.facts.capacity_units for row in rows],
        "periods": [row.facts.capacity_period for row in rows],
    }
