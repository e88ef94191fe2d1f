"""The ledger of runs, and why orders were matched as they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, text, tuple_

from services.payments.matching.models import Counts, MatchExplanation, MatchPool, MatchRun, Outcome
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_BEGIN: Final = text("""
    INSERT INTO match_runs (id, organization_id, order_id, requested_by)
    VALUES (:id, :organization_id, :order_id, :requested_by) ON CONFLICT (id) DO NOTHING
""")
_PROGRESS: Final = text("""
    UPDATE match_runs SET chunks = chunks + 1, orders = orders + :orders, offered = offered + :offered,
           unmatched = unmatched + :unmatched,
           working_ms = working_ms + extract(epoch FROM clock_timestamp() - now()) * 1000,
           finished_at = CASE WHEN :is_last THEN clock_timestamp() END
     WHERE id = :id
""")
_ADD_POOLS: Final = text("""
    INSERT INTO match_pools (organization_id, digest, capability, members)
    SELECT :organization_id, row.digest, row.capability, CAST(row.members AS json)
      FROM unnest(CAST(:digests AS bytea[]), CAST(:capabilities AS text[]), CAST(:members AS text[]))
           AS row(digest, capability, members)
     ORDER BY row.digest
    ON CONFLICT DO NOTHING
""")
_ADD_EXPLANATIONS: Final = text("""
    INSERT INTO match_explanations (id, organization_id, order_id, run_id, outcome, policy_number, decided_at, facts)
    SELECT row.id, :organization_id, row.order_id, :run_id, row.outcome, :policy_number, :now, row.facts
      FROM unnest(CAST(:ids AS uuid[]), CAST(:order_ids AS uuid[]), CAST(:outcomes AS text[]), CAST(:facts AS bytea[]))
           AS row(id, order_id, outcome, facts)
""")


@dataclass(frozen=True, slots=True)
class KeptPool:
    """A pool's members as JSON, under their hash."""

    capability: str
    digest: bytes
    members: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run has decided about an order. facts: as explanation_facts.py packs them."""

    order_id: UUID
    outcome: Outcome
    facts: bytes


class RunReader:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, run_id: UUID, organization_id: UUID | None) -> MatchRun | None:
        """The run, if it concerns the organization or all of them."""
        query = select(MatchRun).where(MatchRun.id == run_id)
        if organization_id is not None:
            query = query.where(MatchRun.organization_id == organization_id)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[MatchRun]:
        """The newest first. after: (started_at, id) of the last one seen."""
        query = select(MatchRun).order_by(MatchRun.started_at.desc(), MatchRun.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(MatchRun.organization_id == organization_id)
        if after is not None:
            query = query.where(tuple_(MatchRun.started_at, MatchRun.id) < tuple_(*after))
        return (await self._session.scalars(query)).all()

    async def explanations(
        self, order_id: UUID, organization_id: UUID | None, *, before: UUID | None, limit: int
    ) -> Sequence[MatchExplanation]:
        """What was decided about an order, the newest first."""
        query = select(MatchExplanation).where(MatchExplanation.order_id == order_id)
        if organization_id is not None:
            query = query.where(MatchExplanation.organization_id == organization_id)
        if before is not None:
            query = query.where(MatchExplanation.id < before)
        return (await self._session.scalars(query.order_by(MatchExplanation.id.desc()).limit(limit))).all()

    async def explanation(self, explanation_id: UUID, organization_id: UUID | None) -> MatchExplanation | None:
        """A decision, if it is one of the organization."""
        query = select(MatchExplanation).where(MatchExplanation.id == explanation_id)
        if organization_id is not None:
            query = query.where(MatchExplanation.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()

    async def pools(self, organization_id: UUID, digests: Sequence[bytes]) -> Sequence[MatchPool]:
        """The pools of these hashes."""
        query = select(MatchPool).where(
            MatchPool.organization_id == organization_id, or_(*(MatchPool.digest == digest for digest in digests))
        )
        return (await self._session.scalars(query)).all() if digests else []


class RunRepository(RunReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def begin(self, run_id: UUID, *, organization_id: UUID | None, order_id: UUID | None, requested_by: str) -> None:
        """Write that a run was taken up, unless that is known."""
        bound = {"id": run_id, "organization_id": organization_id, "order_id": order_id, "requested_by": requested_by}
        await self._writer.execute(_BEGIN, bound)

    async def progress(self, run_id: UUID, counts: Counts, *, is_last: bool) -> None:
        """Write what a chunk did."""
        bound = {"id": run_id, "orders": counts.orders, "offered": counts.offered, "unmatched": counts.unmatched}
        await self._writer.execute(_PROGRESS, bound | {"is_last": is_last})

    async def keep(
        self,
        run_id: UUID,
        organization_id: UUID,
        decisions: Sequence[Decision],
        pools: Sequence[KeptPool],
        *,
        policy_number: int,
        now: datetime,
    ) -> None:
        """Write why orders were matched as they were."""
        if not decisions:
            return
        of_pools = {
            "organization_id": organization_id,
            "digests": [one.digest for one in pools],
            "capabilities": [one.capability for one in pools],
            "members": [one.members.decode() for one in pools],
        }
        await self._writer.execute(_ADD_POOLS, of_pools)
        of_decisions = {
            "ids": [uuid7() for _ in decisions],
            "order_ids": [one.order_id for one in decisions],
            "outcomes": [one.outcome for one in decisions],
            "facts": [one.facts for one in decisions],
        }
        shared = {"organization_id": organization_id, "run_id": run_id, "policy_number": policy_number, "now": now}
        await self._writer.execute(_ADD_EXPLANATIONS, of_decisions | shared)
