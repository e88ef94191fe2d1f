"""Shipments one by one and in lists, and their holds."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.alerts.shipments.filter_models import ShipmentFilter
from services.alerts.shipments.models import EtaRevision, Shipment, ShipmentHold, Status, Transition
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_DUE: Final = text(
    "INSERT INTO due_evaluations (due_on, shipment_id)"
    " SELECT current_eta + 1, id FROM shipments WHERE id = :shipment_id AND watched ON CONFLICT DO NOTHING"
)
_IN_USE: Final = text("SELECT EXISTS (SELECT FROM alerts WHERE shipment_id = :shipment_id)")


def _conditions(meant: ShipmentFilter) -> list[ColumnElement[bool]]:
    held = exists().where(
        ShipmentHold.shipment_id == Shipment.id, ShipmentHold.kind == meant.hold, ShipmentHold.released_on.is_(None)
    )
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (meant.status, Shipment.status.in_(meant.status or ())),
        (meant.customer, Shipment.customer == meant.customer),
        (meant.reference, Shipment.reference == meant.reference),
        (meant.q, func.starts_with(Shipment.reference, meant.q)),
        (meant.mode, Shipment.mode == meant.mode),
        (meant.carrier, Shipment.carrier == meant.carrier),
        (meant.hold, held),
        (meant.eta_from, Shipment.current_eta >= literal(meant.eta_from)),
        (meant.eta_to, Shipment.current_eta <= literal(meant.eta_to)),
        (meant.late_as_of, Shipment.watched & (Shipment.current_eta < literal(meant.late_as_of))),
        (meant.changed_after, Shipment.updated_at > literal(meant.changed_after)),
    ]
    return [condition for given, condition in wanted if given is not None]


class ShipmentReader:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, meant: ShipmentFilter, organization_id: UUID | None, *, after: UUID | None, limit: int
    ) -> Sequence[Shipment]:
        """The newest first, beginning after the shipment `after`."""
        query = select(Shipment).where(*_conditions(meant)).order_by(Shipment.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Shipment.organization_id == organization_id)
        if after is not None:
            query = query.where(Shipment.id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, shipment_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Shipment | None:
        """The shipment, if it is one of the organization. lock: for a change in the same transaction."""
        query = select(Shipment).where(Shipment.id == shipment_id)
        if organization_id is not None:
            query = query.where(Shipment.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def revisions(self, shipment_id: UUID) -> Sequence[EtaRevision]:
        """Every ETA that we were told, the first one first."""
        query = select(EtaRevision).where(EtaRevision.shipment_id == shipment_id).order_by(EtaRevision.revision)
        return (await self._session.scalars(query)).all()

    async def holds(self, shipment_id: UUID) -> Sequence[ShipmentHold]:
        """Those in force and those released, the first one first."""
        query = select(ShipmentHold).where(ShipmentHold.shipment_id == shipment_id).order_by(ShipmentHold.id)
        return (await self._session.scalars(query)).all()

    async def legal_after(self, status: Status) -> Sequence[Status]:
        """The statuses that may follow."""
        query = select(Transition.to_status).where(Transition.from_status == status).order_by(Transition.to_status)
        return (await self._session.scalars(query)).all()


class ShipmentRepository(ShipmentReader):
    """Writes single shipments. What changes one is due again, because any step of it may be reached anew."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def create(self, organization_id: UUID, values: dict[str, Any], *, by: str) -> Shipment | None:
        """The new shipment; None when the organization has one of this reference."""
        row = {"id": uuid7(), "organization_id": organization_id, "original_eta": values["current_eta"], "changed_by": by}
        query = insert(Shipment).values(row | values).on_conflict_do_nothing().returning(Shipment)
        shipment = (await self._writer.scalars(query)).one_or_none()
        if shipment is not None:
            await self._writer.execute(_DUE, {"shipment_id": shipment.id})
        return shipment

    async def id_of(self, organization_id: UUID, reference: str) -> UUID | None:
        """Which shipment has this reference."""
        query = select(Shipment.id).where(Shipment.organization_id == organization_id, Shipment.reference == reference)
        found: UUID | None = await self._writer.scalar(query)
        return found

    async def change(self, shipment: Shipment, values: dict[str, Any], *, by: str) -> Shipment:
        """Write these values to a shipment that is locked, as its next version; another ETA is its next revision."""
        if values.get("current_eta", shipment.current_eta) != shipment.current_eta:
            values = values | {"eta_revision": Shipment.eta_revision + 1}
        query = (
            update(Shipment)
            .where(Shipment.id == shipment.id)
            .values(values | {"version": Shipment.version + 1, "changed_by": by, "updated_at": func.now()})
            .returning(Shipment)
            .execution_options(populate_existing=True, synchronize_session=False)
        )
        changed = (await self._writer.scalars(query)).one()
        await self._writer.execute(_DUE, {"shipment_id": shipment.id})
        return changed

    async def is_in_use(self, shipment_id: UUID) -> bool:
        """Whether alerts depend on it."""
        return bool(await self._writer.scalar(_IN_USE, {"shipment_id": shipment_id}))

    async def delete(self, shipment_id: UUID) -> None:
        """With its holds and ETA revisions; a day on which it was due is passed over when it comes."""
        await self._writer.execute(delete(Shipment).where(Shipment.id == shipment_id))

    async def place_hold(self, shipment_id: UUID, values: dict[str, Any]) -> ShipmentHold | None:
        """The new hold; None when one of this kind is in force."""
        row = {"id": uuid7(), "shipment_id": shipment_id}
        query = insert(ShipmentHold).values(row | values).on_conflict_do_nothing().returning(ShipmentHold)
        return (await self._writer.scalars(query)).one_or_none()

    async def find_hold(self, shipment_id: UUID, hold_id: UUID) -> ShipmentHold | None:
        """The hold, if it is one of the shipment."""
        query = select(ShipmentHold).where(ShipmentHold.id == hold_id, ShipmentHold.shipment_id == shipment_id)
        return (await self._writer.scalars(query)).one_or_none()

    async def release_hold(self, hold_id: UUID, day: date) -> ShipmentHold:
        """The hold, which ends on that day."""
        query = (
            update(ShipmentHold)
            .where(ShipmentHold.id == hold_id)
            .values(released_on=day)
            .returning(ShipmentHold)
            .execution_options(populate_existing=True, synchronize_session=False)
        )
        return (await self._writer.scalars(query)).one()
