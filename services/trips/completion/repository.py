"""Statements on completions and on recorded mileage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, case, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.completion.models import STEPS, Completion, CompletionStep, Distance, Mileage, StepName, StepResult
from services.trips.trips.models import Trip
from shared.runtime.db import ReadSession, Session

# Who says why knows better than a track does; who does not say fills in where there is none.
_RANK: Final = case(
    (Mileage.source == "odometer", 1),
    (and_(Mileage.source == "operator", Mileage.evidence.has_key("note")), 2),
    (Mileage.source == "gps", 3),
    else_=4,
)
_BEGIN: Final = text("""
    WITH begun AS (
        INSERT INTO trip_completions (trip_id, organization_id, status, created_at, updated_at)
        VALUES (:trip_id, :organization_id, 'running', :at, :at) ON CONFLICT DO NOTHING RETURNING trip_id
    )
    INSERT INTO trip_completion_steps (trip_id, position, step, status)
    SELECT trip_id, position, step, 'pending' FROM begun, unnest(CAST(:steps AS text[])) WITH ORDINALITY AS one(step, position)
    RETURNING step
""")


class MileageReader:
    """What is read of recorded mileage; a `RecordedMileage`."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of(self, trip: Trip) -> Distance | None:
        """The best that is recorded."""
        query = select(Mileage).where(Mileage.trip_id == trip.id).order_by(_RANK).limit(1)
        found = (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()
        return None if found is None else Distance(found.distance_m, found.source)


class CompletionReader:
    """What is read of completions."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, trip_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Completion | None:
        """One completion; with `lock` nobody else works it off until the unit of work ends."""
        query = select(Completion).where(Completion.trip_id == trip_id)
        if organization_id is not None:
            query = query.where(Completion.organization_id == organization_id)
        query = query.with_for_update(key_share=True) if lock else query
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def steps(self, trip_id: UUID) -> Sequence[CompletionStep]:
        """Its steps, in their order."""
        query = select(CompletionStep).where(CompletionStep.trip_id == trip_id).order_by(CompletionStep.position)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def mileage(self, trip_id: UUID) -> Sequence[Mileage]:
        """All that is recorded of a trip, the best first."""
        return (await self._session.scalars(select(Mileage).where(Mileage.trip_id == trip_id).order_by(_RANK))).all()


class CompletionRepository(CompletionReader):
    """What is written of completions."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def begin(self, trip: Trip, at: datetime) -> bool:
        """Write the completion of a trip with its steps; whether it was not there."""
        bound = {"trip_id": trip.id, "organization_id": trip.organization_id, "at": at, "steps": list(STEPS)}
        return (await self._writing.execute(_BEGIN, bound)).first() is not None

    async def change(self, trip_id: UUID, values: Mapping[str, Any], at: datetime) -> Completion:
        """Write a change of a completion."""
        changed = update(Completion).where(Completion.trip_id == trip_id).values(**values, updated_at=at).returning(Completion)
        return (await self._writing.scalars(changed.execution_options(populate_existing=True))).one()

    async def note(self, trip_id: UUID, step: StepName, result: StepResult, at: datetime) -> None:
        """Write what became of a step."""
        ended = at if result.status in ("done", "skipped", "compensated") else None
        values = {"status": result.status, "detail": result.detail, "tried_at": at, "ended_at": ended}
        noted = update(CompletionStep).where(CompletionStep.trip_id == trip_id, CompletionStep.step == step)
        await self._writing.execute(noted.values(**values, attempts=CompletionStep.attempts + 1))

    async def record(self, values: Mapping[str, Any]) -> None:
        """Write how far a trip was by one source, in the place of what that source has said before."""
        recorded = insert(Mileage).values(**values)
        replaced = {name: recorded.excluded[name] for name in values if name not in ("trip_id", "source")}
        await self._writing.execute(recorded.on_conflict_do_update(index_elements=["trip_id", "source"], set_=replaced))
