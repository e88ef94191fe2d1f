"""The ledger of evaluation runs."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_

from services.alerts.evaluation.models import Chunk, EvaluationChunk, EvaluationRun, Standing, Trigger
from shared.runtime.db import ReadSession, Session

_REQUEST: Final = text("""
    INSERT INTO evaluation_runs (id, as_of, trigger, requested_by) VALUES (:id, :as_of, :trigger, :requested_by)
    ON CONFLICT (id) DO NOTHING
""")
_BEGIN: Final = text("""
    UPDATE evaluation_runs SET starts = starts + 1, started_at = coalesce(started_at, clock_timestamp()), error = NULL
     WHERE id = :id AND finished_at IS NULL
""")
_STANDING: Final = text("""
    SELECT as_of, chunks, shipments, raised, finished_at IS NOT NULL AS finished FROM evaluation_runs WHERE id = :id
""")
_PROGRESS: Final = text("""
    WITH run AS (
        UPDATE evaluation_runs
           SET chunks = chunks + 1, shipments = shipments + :shipments, raised = raised + :raised,
               progressed_at = clock_timestamp(), working_ms = working_ms + extract(epoch FROM clock_timestamp() - now()) * 1000
         WHERE id = :id RETURNING chunks
    )
    INSERT INTO evaluation_chunks (run_id, number, shipments, raised, started_at)
    SELECT :id, chunks, :shipments, :raised, now() FROM run RETURNING number
""")
_FINISH: Final = text("""
    UPDATE evaluation_runs SET finished_at = coalesce(finished_at, clock_timestamp()) WHERE id = :id
    RETURNING as_of, chunks, shipments, raised, true AS finished
""")
_EARLIER: Final = text("""
    SELECT EXISTS (SELECT FROM evaluation_runs WHERE finished_at IS NULL AND error IS NULL AND as_of < CAST(:as_of AS date)
                      AND coalesce(progressed_at, started_at) > now() - make_interval(secs => :patience_s))
""")
_GIVE_UP: Final = text("UPDATE evaluation_runs SET error = :error WHERE id = :id AND finished_at IS NULL")


class RunReader:
    """Reads the ledger of runs."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, run_id: UUID) -> EvaluationRun | None:
        """The run that the message with this id asks for; None where nobody has taken that message up yet."""
        return await self._session.get(EvaluationRun, run_id)

    async def newest(self, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[EvaluationRun]:
        """The newest first. after: (requested_at, id) of the last one seen."""
        query = select(EvaluationRun).order_by(EvaluationRun.requested_at.desc(), EvaluationRun.id.desc()).limit(limit)
        if after is not None:
            query = query.where(tuple_(EvaluationRun.requested_at, EvaluationRun.id) < tuple_(*after))
        return (await self._session.scalars(query)).all()

    async def chunks(self, run_id: UUID, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[EvaluationChunk]:
        """The chunks of a run in their order. after: (number,) of the last one seen."""
        query = select(EvaluationChunk).where(EvaluationChunk.run_id == run_id)
        if after is not None:
            query = query.where(EvaluationChunk.number > after[0])
        return (await self._session.scalars(query.order_by(EvaluationChunk.number).limit(limit))).all()


class RunRepository:
    """Keeps the ledger of runs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, run_id: UUID, as_of: date, *, trigger: Trigger, requested_by: str) -> None:
        """Write that a run was asked for, unless that is known."""
        bound = {"id": run_id, "as_of": as_of, "trigger": trigger, "requested_by": requested_by}
        await self._session.execute(_REQUEST, bound)

    async def begin(self, run_id: UUID) -> None:
        """Write that a worker takes the run up."""
        await self._session.execute(_BEGIN, {"id": run_id})

    async def standing(self, run_id: UUID) -> Standing:
        """Where the run stands."""
        return Standing(**(await self._session.execute(_STANDING, {"id": run_id})).mappings().one())

    async def is_earlier_under_way(self, as_of: date, *, patience_s: float) -> bool:
        """Whether a run for an earlier day goes on, which has not stood still for long."""
        return bool(await self._session.scalar(_EARLIER, {"as_of": as_of, "patience_s": patience_s}))

    async def progress(self, run_id: UUID, chunk: Chunk) -> int:
        """Write what a chunk did, and return its number in the run."""
        bound = {"id": run_id, "shipments": chunk.shipments, "raised": chunk.raised}
        number: int = (await self._session.execute(_PROGRESS, bound)).scalar_one()
        return number

    async def finish(self, run_id: UUID) -> Standing:
        """Write that nothing is due any more."""
        return Standing(**(await self._session.execute(_FINISH, {"id": run_id})).mappings().one())

    async def give_up(self, run_id: UUID, error: str) -> None:
        """Write why nobody carries the run on."""
        await self._session.execute(_GIVE_UP, {"id": run_id, "error": error})
