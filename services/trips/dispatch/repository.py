"""Statements on assignments and on the settings of dispatch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.dispatch.models import Assignment, AssignmentStatus, DispatchSettings
from shared.runtime.db import ReadSession, Session

# An erasure and a retirement hold their row against this; whichever comes second sees what the first has done.
_HOLD_PAIR: Final = text("""
    SELECT 1 FROM drivers, vehicles
     WHERE drivers.id = :driver_id AND drivers.status = 'active' AND vehicles.id = :vehicle_id AND vehicles.status = 'in_service'
       FOR KEY SHARE
""")


class AssignmentReader:
    """What is read of assignments."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, assignment_id: UUID) -> Assignment | None:
        """One assignment, as it is now."""
        query = select(Assignment).where(Assignment.id == assignment_id).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def of_trip(self, trip_id: UUID) -> Sequence[Assignment]:
        """All to whom a trip was offered, the newest first."""
        query = select(Assignment).where(Assignment.trip_id == trip_id).order_by(Assignment.id.desc())
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def settings(self, organization_id: UUID, *, lock: bool = False) -> DispatchSettings | None:
        """How an organization dispatches; with `lock` held until the unit of work ends."""
        query = select(DispatchSettings).where(DispatchSettings.organization_id == organization_id)
        query = query.with_for_update() if lock else query
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def dispatchers(self, organizations: Collection[UUID]) -> dict[UUID, str]:
        """Who is told of what needs somebody, by organization; who has named nobody is missing."""
        query = select(DispatchSettings.organization_id, DispatchSettings.dispatcher).where(
            DispatchSettings.organization_id.in_(organizations), DispatchSettings.dispatcher.is_not(None)
        )
        return {row.organization_id: row.dispatcher for row in await self._session.execute(query)}


class AssignmentRepository(AssignmentReader):
    """What is written of assignments. Whoever writes one holds its trip."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def hold_pair(self, driver_id: UUID, vehicle_id: UUID) -> bool:
        """Whether both can be given a trip; if so, nobody erases the one or retires the other until the unit of work ends."""
        held = await self._writing.execute(_HOLD_PAIR, {"driver_id": driver_id, "vehicle_id": vehicle_id})
        return held.first() is not None

    async def offer(self, values: Mapping[str, Any]) -> Assignment | None:
        """Write an offer; None where driver or vehicle is bound at that time by another one."""
        offered = insert(Assignment).values(**values, status="offered").on_conflict_do_nothing().returning(Assignment)
        return (await self._writing.scalars(offered)).one_or_none()

    async def accept(self, assignment_id: UUID, at: datetime) -> None:
        """The driver will do it."""
        accepted = update(Assignment).where(Assignment.id == assignment_id).values(status="accepted", answered_at=at)
        await self._writing.execute(accepted)

    async def end(self, assignment_id: UUID, status: AssignmentStatus, at: datetime, reason: str | None) -> bool:
        """Driver and vehicle are free again; whether they were bound."""
        answered = {"answered_at": at} if status == "declined" else {}
        ended = (
            update(Assignment)
            .where(Assignment.id == assignment_id, Assignment.status.in_(("offered", "accepted")))
            .values(status=status, ended_at=at, reason=reason, **answered)
            .returning(Assignment.id)
        )
        return (await self._writing.scalars(ended)).one_or_none() is not None

    async def put_settings(self, values: Mapping[str, Any], *, seen: int, by: str, at: datetime) -> DispatchSettings | None:
        """Create or replace an organization's. seen: the version that is replaced, 0 for none; None where it is another."""
        stamp = {"updated_at": at, "updated_by": by}
        put = (
            insert(DispatchSettings)
            .values(**values, **stamp, version=1)
            .on_conflict_do_update(
                index_elements=["organization_id"],
                set_={**values, **stamp, "version": DispatchSettings.version + 1},
                where=DispatchSettings.version == seen,
            )
            .returning(DispatchSettings)
        )
        return (await self._writing.scalars(put.execution_options(populate_existing=True))).one_or_none()
