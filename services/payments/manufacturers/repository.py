"""Reading and writing manufacturers one by one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from services.payments.manufacturers.models import Capability, CapabilityFacts, Manufacturer, PeriodUse
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_PERIODS: Final = text("""
    SELECT capability, starts_on, capacity_units, reserved_units FROM capacity_periods
     WHERE manufacturer_id = :manufacturer_id AND starts_on BETWEEN :first AND :last AND reserved_units > 0
     ORDER BY capability, starts_on
""")
_IN_USE: Final = text("SELECT EXISTS (SELECT FROM match_offers WHERE manufacturer_id = :manufacturer_id)")

# A day or week counts until it is over.
_RESERVED: Final = text("""
    SELECT EXISTS (
        SELECT FROM capacity_periods JOIN manufacturer_capabilities USING (manufacturer_id, capability)
         WHERE manufacturer_id = :manufacturer_id AND capability = :capability AND reserved_units > 0
           AND starts_on + CASE capacity_period WHEN 'week' THEN 6 ELSE 0 END >= CAST(:today AS date))
""")
_SET: Final = text("""
    INSERT INTO manufacturer_capabilities AS known (manufacturer_id, capability, organization_id, minimum_quantity,
           unit_price_minor, currency, lead_time_days, capacity_units, capacity_period)
    VALUES (:manufacturer_id, :capability, :organization_id, :minimum_quantity, :unit_price_minor, :currency, :lead_time_days,
           :capacity_units, :capacity_period)
    ON CONFLICT (manufacturer_id, capability) DO UPDATE
       SET minimum_quantity = excluded.minimum_quantity, unit_price_minor = excluded.unit_price_minor,
           currency = excluded.currency, lead_time_days = excluded.lead_time_days, capacity_units = excluded.capacity_units,
           capacity_period = excluded.capacity_period
""")
_FOLLOW: Final = text("""
    UPDATE capacity_periods SET capacity_units = greatest(CAST(:capacity_units AS integer), reserved_units)
     WHERE manufacturer_id = :manufacturer_id AND capability = :capability
""")
_FORGET_EMPTY: Final = text("""
    DELETE FROM capacity_periods WHERE manufacturer_id = :manufacturer_id AND capability = :capability AND reserved_units = 0
""")
_TELL: Final = text("INSERT INTO matching_changes (organization_id, capability) VALUES (:organization_id, :capability)")


class ManufacturerReader:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        capability: str | None,
        active: bool | None,
        blocked: bool | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Manufacturer]:
        """The newest first. capability, active, blocked: those alone that can make it, are it, or are not."""
        query = select(Manufacturer).order_by(Manufacturer.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Manufacturer.organization_id == organization_id)
        if capability is not None:
            makes = exists().where(Capability.manufacturer_id == Manufacturer.id, Capability.capability == capability)
            query = query.where(makes)
        if active is not None:
            query = query.where(Manufacturer.active.is_(active))
        if blocked is not None:
            query = query.where(Manufacturer.blocked_at.is_not(None) if blocked else Manufacturer.blocked_at.is_(None))
        if after is not None:
            query = query.where(Manufacturer.id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, manufacturer_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Manufacturer | None:
        """The manufacturer with its record, if it is one of the organization. lock: for a change in the same transaction."""
        query = select(Manufacturer).where(Manufacturer.id == manufacturer_id).options(joinedload(Manufacturer.record))
        if organization_id is not None:
            query = query.where(Manufacturer.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True, of=Manufacturer)
        query = query.execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def capabilities(self, manufacturer_id: UUID) -> Sequence[Capability]:
        """What it can make, by name."""
        query = select(Capability).where(Capability.manufacturer_id == manufacturer_id).order_by(Capability.capability)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def periods(self, manufacturer_id: UUID, first: date, last: date) -> Sequence[PeriodUse]:
        """The days and weeks that begin from `first` to `last` and have something reserved."""
        bound = {"manufacturer_id": manufacturer_id, "first": first, "last": last}
        return [PeriodUse(**row) for row in (await self._session.execute(_PERIODS, bound)).mappings()]


class ManufacturerRepository(ManufacturerReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def create(self, organization_id: UUID, values: dict[str, Any]) -> UUID | None:
        """The id of the new manufacturer; None when the organization has one of this code."""
        row = {"id": uuid7(), "organization_id": organization_id}
        query = insert(Manufacturer).values(row | values).on_conflict_do_nothing().returning(Manufacturer.id)
        return (await self._writer.scalars(query)).one_or_none()

    async def id_of(self, organization_id: UUID, code: str) -> UUID | None:
        """Which manufacturer has this code."""
        query = select(Manufacturer.id).where(Manufacturer.organization_id == organization_id, Manufacturer.code == code)
        found: UUID | None = await self._writer.scalar(query)
        return found

    async def change(self, manufacturer_id: UUID, values: dict[str, Any], at: datetime) -> None:
        """Write these values to a manufacturer that is locked, as its next version."""
        marks = {"version": Manufacturer.version + 1, "updated_at": at}
        await self._writer.execute(update(Manufacturer).where(Manufacturer.id == manufacturer_id).values(values | marks))

    async def tell(self, organization_id: UUID, capability: str | None) -> None:
        """Have unmatched orders tried again that need this capability; any of them for None."""
        await self._writer.execute(_TELL, {"organization_id": organization_id, "capability": capability})

    async def is_in_use(self, manufacturer_id: UUID) -> bool:
        """Whether offers were made to it."""
        return bool(await self._writer.scalar(_IN_USE, {"manufacturer_id": manufacturer_id}))

    async def delete(self, manufacturer_id: UUID) -> None:
        """With what it can make."""
        await self._writer.execute(delete(Manufacturer).where(Manufacturer.id == manufacturer_id))

    async def capability(self, manufacturer_id: UUID, name: str) -> Capability | None:
        """What it can make under this name."""
        query = select(Capability).where(Capability.manufacturer_id == manufacturer_id, Capability.capability == name)
        return (await self._writer.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def is_reserved(self, manufacturer_id: UUID, capability: str, today: date) -> bool:
        """Whether units are promised in days or weeks that are not over."""
        bound = {"manufacturer_id": manufacturer_id, "capability": capability, "today": today}
        return bool(await self._writer.scalar(_RESERVED, bound))

    async def set_capability(self, one: Manufacturer, facts: CapabilityFacts) -> None:
        """Write what it can make. Days and weeks of which something is reserved take over the capacity, if it suffices."""
        bound = {name: getattr(facts, name) for name in facts.__slots__}
        key = {"manufacturer_id": one.id, "capability": facts.capability}
        await self._writer.execute(_SET, bound | key | {"organization_id": one.organization_id})
        await self._writer.execute(_FORGET_EMPTY, key)
        await self._writer.execute(_FOLLOW, key | {"capacity_units": facts.capacity_units})

    async def delete_capability(self, manufacturer_id: UUID, name: str) -> None:
        """With the days and weeks that are past."""
        query = delete(Capability).where(Capability.manufacturer_id == manufacturer_id, Capability.capability == name)
        await self._writer.execute(query)
