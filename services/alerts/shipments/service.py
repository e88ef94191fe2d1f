"""Shipments one by one: create, change, delete; their holds."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.alerts.alerts.auto_resolve import AutoResolve
from services.alerts.shipments.errors import (
    DuplicateReference,
    HoldDates,
    HoldInForce,
    HoldNotFound,
    HoldReleased,
    IllegalTransition,
    ShipmentInUse,
    ShipmentNotFound,
)
from services.alerts.shipments.models import LAST_ETA, Shipment, ShipmentHold
from services.alerts.shipments.repository import ShipmentReader, ShipmentRepository
from services.alerts.shipments.schemas import HoldCreate, ShipmentCreate, ShipmentDetail, ShipmentUpdate
from shared.contracts.alerts import ShipmentsReceived
from shared.runtime.outbox import Publisher

CheckVersion = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""

_EARLIEST_ZONE: Final = timedelta(days=1)
"""Somewhere it is tomorrow already."""


async def shipment_detail(shipments: ShipmentReader, shipment_id: UUID, organization_id: UUID | None) -> ShipmentDetail:
    """A shipment with its ETAs and holds. Raises ShipmentNotFound, also for another organization's."""
    shipment = await shipments.find(shipment_id, organization_id)
    if shipment is None:
        raise _not_found()
    return await _whole(shipments, shipment)


async def _whole(shipments: ShipmentReader, shipment: Shipment) -> ShipmentDetail:
    revisions, holds = await shipments.revisions(shipment.id), await shipments.holds(shipment.id)
    return ShipmentDetail.of(shipment, list(revisions), list(holds))


def _not_found() -> ShipmentNotFound:
    return ShipmentNotFound("there is no shipment of this id; GET /v1/shipments?reference=… finds one by its reference")


class Shipments:
    """Writes for a caller. organization_id: whose shipments alone it can reach; None for everybody's. by: who it is."""

    def __init__(
        self,
        shipments: ShipmentRepository,
        alerts: AutoResolve,
        publisher: Publisher,
        organization_id: UUID | None,
        *,
        by: str,
    ) -> None:
        self._shipments = shipments
        self._alerts = alerts
        self._publisher = publisher
        self._organization_id = organization_id
        self._by = by

    async def create(self, organization_id: UUID, new: ShipmentCreate) -> ShipmentDetail:
        """Raises DuplicateReference."""
        shipment = await self._shipments.create(organization_id, new.model_dump(), by=self._by)
        if shipment is None:
            known = await self._shipments.id_of(organization_id, new.reference)
            raise DuplicateReference(
                f"shipment {known} of this organization has the reference; change that one", shipment_id=str(known)
            )
        self._publisher.publish(ShipmentsReceived(organization_id=organization_id, created=1))
        return await _whole(self._shipments, shipment)

    async def change(self, shipment_id: UUID, change: ShipmentUpdate, check: CheckVersion) -> ShipmentDetail:
        """Raises ShipmentNotFound, IllegalTransition and what `check` raises. What changes nothing makes no version."""
        known = await self._locked(shipment_id)
        check(known.version)
        values = {name: value for name, value in change.model_dump(exclude_unset=True).items() if value != getattr(known, name)}
        await self._check_transition(known, values)
        if not values:
            return await _whole(self._shipments, known)
        changed = await self._shipments.change(known, values, by=self._by)
        self._publisher.publish(ShipmentsReceived(organization_id=changed.organization_id, changed=1))
        if values.keys() & {"current_eta", "status"}:
            await self._alerts.after_change([shipment_id])
        return await _whole(self._shipments, changed)

    async def _check_transition(self, known: Shipment, values: dict[str, Any]) -> None:
        if "status" not in values:
            return
        legal = list(await self._shipments.legal_after(known.status))
        if values["status"] not in legal:
            ways = f"legal are {', '.join(legal)}" if legal else "nothing follows it: a new journey is a new shipment"
            raise IllegalTransition(f"{values['status']} cannot follow {known.status}; {ways}", legal=legal)

    async def delete(self, shipment_id: UUID, check: CheckVersion) -> None:
        """Raises ShipmentNotFound, ShipmentInUse and what `check` raises."""
        known = await self._locked(shipment_id)
        check(known.version)
        if await self._shipments.is_in_use(shipment_id):
            raise ShipmentInUse(
                'alerts were raised for the shipment, so it stays; cancel it instead: PATCH {"status": "cancelled"}'
            )
        await self._shipments.delete(shipment_id)

    async def place_hold(self, shipment_id: UUID, new: HoldCreate, *, today: date) -> ShipmentHold:
        """Raises ShipmentNotFound, HoldInForce and HoldDates."""
        known = await self._locked(shipment_id)
        placed_on = new.placed_on or today
        _check_day(placed_on, "placed_on", today=today)
        hold = await self._shipments.place_hold(shipment_id, new.model_dump() | {"placed_on": placed_on})
        if hold is None:
            raise HoldInForce(f"a {new.kind} hold of the shipment is in force; release that one first")
        await self._shipments.change(known, {}, by=self._by)
        return hold

    async def release_hold(self, shipment_id: UUID, hold_id: UUID, day: date | None, *, today: date) -> ShipmentHold:
        """Raises ShipmentNotFound, HoldNotFound, HoldReleased and HoldDates."""
        known = await self._locked(shipment_id)
        hold = await self._shipments.find_hold(shipment_id, hold_id)
        if hold is None:
            raise HoldNotFound("the shipment has no hold of this id; GET /v1/shipments/{id} lists its holds")
        if hold.released_on is not None:
            raise HoldReleased(f"the hold was released on {hold.released_on}; a new one is placed with POST …/holds")
        _check_day(day or today, "released_on", today=today)
        if (day or today) < hold.placed_on:
            raise HoldDates(f"the hold was placed on {hold.placed_on}, so it cannot be released before that")
        released = await self._shipments.release_hold(hold_id, day or today)
        await self._shipments.change(known, {}, by=self._by)
        return released

    async def _locked(self, shipment_id: UUID) -> Shipment:
        known = await self._shipments.find(shipment_id, self._organization_id, lock=True)
        if known is None:
            raise _not_found()
        return known


def _check_day(day: date, name: str, *, today: date) -> None:
    if day > min(today + _EARLIEST_ZONE, LAST_ETA):
        raise HoldDates(f"{name} lies in the future; say it when it has happened")
