"""Manufacturers one by one: who they are, what they can make, and whether anybody may order there."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from services.payments.manufacturers.errors import (
    CapabilityNotFound,
    CapacityInUse,
    ManufacturerExists,
    ManufacturerInUse,
    ManufacturerNotFound,
)
from services.payments.manufacturers.models import MAX_ACTOR, Capability, CapabilityFacts, Manufacturer
from services.payments.manufacturers.repository import ManufacturerReader, ManufacturerRepository
from services.payments.manufacturers.schemas import CapabilityIn, ManufacturerChange, ManufacturerIn, ManufacturerOut
from services.payments.matching.policy_models import local_day
from services.payments.matching.policy_repository import PolicyReader
from shared.runtime.clock import Clock

CheckVersion = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""

_OPENING: Final = frozenset({"active", "serves", "latitude", "longitude"})
"""What can make a manufacturer fit for an order that had none."""


async def shown(manufacturers: ManufacturerReader, manufacturer_id: UUID, organization_id: UUID | None) -> ManufacturerOut:
    """A manufacturer with what it can make. Raises ManufacturerNotFound, also for another organization's."""
    one = await manufacturers.find(manufacturer_id, organization_id)
    if one is None:
        raise _not_found()
    return ManufacturerOut.of(one, await manufacturers.capabilities(manufacturer_id))


class Manufacturers:
    """Writes for a caller. organization_id: whose manufacturers alone it can reach; None for everybody's. by: who it is."""

    def __init__(
        self, repository: ManufacturerRepository, policies: PolicyReader, clock: Clock, organization_id: UUID | None, *, by: str
    ) -> None:
        self._repository = repository
        self._policies = policies
        self._clock = clock
        self._organization_id = organization_id
        self._by = by[:MAX_ACTOR]

    async def create(self, organization_id: UUID, new: ManufacturerIn) -> ManufacturerOut:
        """Raises ManufacturerExists."""
        manufacturer_id = await self._repository.create(organization_id, new.model_dump())
        if manufacturer_id is None:
            known = await self._repository.id_of(organization_id, new.code)
            raise ManufacturerExists(
                f"manufacturer {known} of this organization has the code; change that one", manufacturer_id=str(known)
            )
        return await shown(self._repository, manufacturer_id, organization_id)

    async def change(self, manufacturer_id: UUID, change: ManufacturerChange, check: CheckVersion) -> ManufacturerOut:
        """Raises ManufacturerNotFound and what `check` raises. What changes nothing makes no version."""
        one = await self._locked(manufacturer_id, check)
        values = {name: value for name, value in change.values().items() if getattr(one, name) != value}
        return await self._write(one, values, tells=bool(values.keys() & _OPENING))

    async def block(self, manufacturer_id: UUID, reason: str, check: CheckVersion) -> ManufacturerOut:
        """Let nobody order there; its open offers are withdrawn within a minute. Raises as `change` does."""
        one = await self._locked(manufacturer_id, check)
        values = {"blocked_reason": reason, "blocked_at": self._clock(), "blocked_by": self._by}
        return await self._write(one, values if one.blocked_reason != reason else {})

    async def unblock(self, manufacturer_id: UUID, check: CheckVersion) -> ManufacturerOut:
        """Let it be ordered there again. Raises as `change` does."""
        one = await self._locked(manufacturer_id, check)
        values = {"blocked_reason": None, "blocked_at": None, "blocked_by": None}
        return await self._write(one, values if one.blocked_at is not None else {}, tells=True)

    async def delete(self, manufacturer_id: UUID, check: CheckVersion) -> None:
        """Raises ManufacturerInUse, and as `change` does."""
        await self._locked(manufacturer_id, check)
        if await self._repository.is_in_use(manufacturer_id):
            raise ManufacturerInUse('offers were made to it, so it stays; have nobody ask it any more: PATCH {"active": false}')
        await self._repository.delete(manufacturer_id)

    async def set_capability(self, manufacturer_id: UUID, name: str, new: CapabilityIn, check: CheckVersion) -> ManufacturerOut:
        """Add or replace what it can make. Raises CapacityInUse, and as `change` does."""
        one = await self._locked(manufacturer_id, check)
        facts = new.facts(name)
        known = await self._repository.capability(manufacturer_id, name)
        if known is not None and not _differs(known, facts):
            return await self._write(one, {})
        if known is not None and known.capacity_period != facts.capacity_period:
            await self._refuse_reserved(one, name, f"are reserved by the {known.capacity_period}")
        await self._repository.set_capability(one, facts)
        await self._repository.tell(one.organization_id, name)
        return await self._bump(one)

    async def delete_capability(self, manufacturer_id: UUID, name: str, check: CheckVersion) -> ManufacturerOut:
        """Raises CapabilityNotFound and CapacityInUse, and as `change` does."""
        one = await self._locked(manufacturer_id, check)
        if await self._repository.capability(manufacturer_id, name) is None:
            raise CapabilityNotFound("it has no capability of this name; GET /v1/manufacturers/{id} lists those that it has")
        await self._refuse_reserved(one, name, "are reserved")
        await self._repository.delete_capability(manufacturer_id, name)
        return await self._bump(one)

    async def _locked(self, manufacturer_id: UUID, check: CheckVersion) -> Manufacturer:
        one = await self._repository.find(manufacturer_id, self._organization_id, lock=True)
        if one is None:
            raise _not_found()
        check(one.version)
        return one

    async def _write(self, one: Manufacturer, values: dict[str, Any], *, tells: bool = False) -> ManufacturerOut:
        if not values:
            return await shown(self._repository, one.id, None)
        if tells:
            await self._repository.tell(one.organization_id, None)
        return await self._bump(one, values)

    async def _bump(self, one: Manufacturer, values: dict[str, Any] | None = None) -> ManufacturerOut:
        await self._repository.change(one.id, values or {}, self._clock())
        return await shown(self._repository, one.id, None)

    async def _refuse_reserved(self, one: Manufacturer, name: str, how: str) -> None:
        today = local_day(await self._policies.newest(one.organization_id), self._clock())
        if await self._repository.is_reserved(one.id, name, today):
            raise CapacityInUse(
                f"units of it {how} for orders; wait until they are made, or set capacity_units to 0 so that no more are promised"
            )


def _differs(known: Capability, facts: CapabilityFacts) -> bool:
    return any(getattr(known, name) != getattr(facts, name) for name in facts.__slots__)


def _not_found() -> ManufacturerNotFound:
    return ManufacturerNotFound("there is no manufacturer of this id; GET /v1/manufacturers lists them")
