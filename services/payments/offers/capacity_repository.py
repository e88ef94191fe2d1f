"""Reserving capacity and giving it back. Never more than there is, however many ask at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

PeriodKey = tuple[UUID, str, date]
"""A manufacturer, a capability, and the first day of a day or week."""

_WANTED: Final = """
    unnest(CAST(:manufacturer_ids AS uuid[]), CAST(:capabilities AS text[]), CAST(:days AS date[]), CAST(:units AS integer[]))
        AS wanted(manufacturer_id, capability, starts_on, units)"""
_OPEN: Final = text(f"""
    INSERT INTO capacity_periods (manufacturer_id, capability, starts_on, capacity_units)
    SELECT manufacturer_id, capability, starts_on, capacity_units
      FROM {_WANTED} JOIN manufacturer_capabilities USING (manufacturer_id, capability)
     ORDER BY manufacturer_id, capability, starts_on
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - put together from constants of this module; values are bound
# In one order, so that two who want the same periods never wait for each other in a circle.
_LOCK: Final = text(f"""
    SELECT FROM capacity_periods JOIN {_WANTED} USING (manufacturer_id, capability, starts_on)
     ORDER BY manufacturer_id, capability, starts_on FOR NO KEY UPDATE OF capacity_periods
""")
_RESERVE: Final = text(f"""
    UPDATE capacity_periods SET reserved_units = reserved_units + wanted.units
      FROM {_WANTED}
     WHERE capacity_periods.manufacturer_id = wanted.manufacturer_id AND capacity_periods.capability = wanted.capability
       AND capacity_periods.starts_on = wanted.starts_on AND reserved_units + wanted.units <= capacity_units
    RETURNING capacity_periods.manufacturer_id, capacity_periods.capability, capacity_periods.starts_on
""")  # noqa: S608 - as above
# What was kept open for promises above a capacity that has since become less falls back to it with them.
_GIVE_BACK: Final = text(f"""
    UPDATE capacity_periods
       SET reserved_units = reserved_units - wanted.units,
           capacity_units = greatest(reserved_units - wanted.units, known.capacity_units)
      FROM {_WANTED} JOIN manufacturer_capabilities AS known USING (manufacturer_id, capability)
     WHERE capacity_periods.manufacturer_id = wanted.manufacturer_id AND capacity_periods.capability = wanted.capability
       AND capacity_periods.starts_on = wanted.starts_on
""")  # noqa: S608 - as above
_TAKE_OUT: Final = text("""
    DELETE FROM capacity_reservations WHERE offer_id = ANY(CAST(:offer_ids AS uuid[]))
    RETURNING manufacturer_id, capability, starts_on, units
""")


class CapacityRepository:
    """Counts what is reserved in each day or week."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def reserve(self, wanted: Mapping[PeriodKey, int]) -> set[PeriodKey]:
        """Reserve units in each of these periods that has so many left; returns those that have not."""
        if not wanted:
            return set()
        bound = _columns(wanted)
        await self._session.execute(_OPEN, bound)
        await self._session.execute(_LOCK, bound)
        rows = await self._session.execute(_RESERVE, bound)
        return set(wanted) - {(row.manufacturer_id, row.capability, row.starts_on) for row in rows}

    async def give_back(self, units: Mapping[PeriodKey, int]) -> None:
        """Let others have units that were reserved."""
        if units:
            await self._session.execute(_LOCK, _columns(units))
            await self._session.execute(_GIVE_BACK, _columns(units))

    async def release(self, offer_ids: Sequence[UUID]) -> None:
        """Give back all that was reserved for these offers. A second time gives back nothing."""
        freed: dict[PeriodKey, int] = defaultdict(int)
        for row in await self._session.execute(_TAKE_OUT, {"offer_ids": list(offer_ids)}):
            freed[row.manufacturer_id, row.capability, row.starts_on] += row.units
        await self.give_back(freed)


def _columns(units: Mapping[PeriodKey, int]) -> dict[str, list[Any]]:
    keys = sorted(units)
    return {
        "manufacturer_ids": [key[0] for key in keys],
        "capabilities": [key[1] for key in keys],
        "days": [key[2] for key in keys],
        "units": [units[key] for key in keys],
    }
