"""Runs: one order at once, or all that wait, chunk by chunk."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.matching.chunk import ChunkMatch
from services.payments.matching.demand_repository import DemandRepository
from services.payments.matching.errors import OrderNotFound
from services.payments.matching.models import Counts
from services.payments.matching.run_repository import RunRepository
from services.payments.matching.waiting_alerts import WaitingAlerts
from shared.contracts.payments import MatchOrders
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

ORDERS_PER_CHUNK: Final = 1000
"""So many are matched in one transaction, which takes a second or two; the rest by a message that follows."""
ENROLLED_PER_CHUNK: Final = 5000
AGAIN: Final = timedelta(seconds=1)
"""How long a run waits for orders that others hold."""


class MatchRuns:
    """Takes orders up and has them matched, in one unit of work each time.

    clock: an offer's time begins when it is made, though what asks for it may have waited for hours.
    """

    def __init__(
        self,
        demands: DemandRepository,
        runs: RunRepository,
        chunks: ChunkMatch,
        alerts: WaitingAlerts,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._demands = demands
        self._runs = runs
        self._chunks = chunks
        self._alerts = alerts
        self._publisher = publisher
        self._clock = clock

    async def carry_out(self, message_id: UUID, asked: MatchOrders, requested_by: str) -> Counts:
        """What a message asks for. Raises OrderNotFound."""
        run_id = asked.run_id or message_id
        if asked.order_id is not None:
            return await self.one(run_id, asked.order_id, asked.organization_id, requested_by=requested_by)
        is_scheduled = asked.slot is not None
        return await self.chunk(run_id, asked.organization_id, requested_by=requested_by, keeps_empty=not is_scheduled)

    async def one(self, run_id: UUID, order_id: UUID, organization_id: UUID | None, *, requested_by: str) -> Counts:
        """Match one order of an organization, if it waits or found no manufacturer before. Raises OrderNotFound."""
        now = self._clock()
        owner = await self._demands.organization_of(order_id, organization_id)
        if owner is None:
            raise OrderNotFound("there is no order of this id; GET /v1/orders lists them")
        await self._runs.begin(run_id, organization_id=owner, order_id=order_id, requested_by=requested_by)
        await self._demands.enrol(now, limit=1, order_id=order_id)
        await self._demands.lock_organization(owner)
        counts = Counts()
        if await self._demands.claim_one(order_id):
            counts = await self._chunks.match(run_id, owner, [order_id], now)
        await self._runs.progress(run_id, counts, is_last=True)
        if counts.contended:
            self._publisher.publish(MatchOrders(order_id=order_id))
        return counts

    async def chunk(self, run_id: UUID, organization_id: UUID | None, *, requested_by: str, keeps_empty: bool = True) -> Counts:
        """Match the next orders of whoever waits longest, and ask for the next chunk while anybody waits.

        keeps_empty: whether a run that finds nobody waiting is kept in the ledger; one that somebody has asked for is.
        """
        now = self._clock()
        await self._demands.enrol(now, limit=ENROLLED_PER_CHUNK)
        owner = await self._demands.next_organization(organization_id, now)
        if owner is not None or keeps_empty:
            await self._runs.begin(run_id, organization_id=organization_id, order_id=None, requested_by=requested_by)
        counts = await self._match_next(run_id, owner, now) if owner is not None else Counts()
        follows = owner is not None and await self._demands.next_organization(organization_id, now) is not None
        await self._runs.progress(run_id, counts, is_last=not follows)
        if follows:
            # Nothing was taken up though somebody waits: others hold it, an answer to an offer perhaps.
            due_at = now + AGAIN if counts == Counts() else None
            self._publisher.publish(MatchOrders(run_id=run_id, organization_id=organization_id), due_at=due_at)
        else:
            await self._alerts.tell(run_id, now)
        return counts

    async def _match_next(self, run_id: UUID, organization_id: UUID, now: datetime) -> Counts:
        await self._demands.lock_organization(organization_id)
        await self._demands.wake(organization_id, now)
        order_ids = await self._demands.claim(organization_id, limit=ORDERS_PER_CHUNK)
        return await self._chunks.match(run_id, organization_id, order_ids, now) if order_ids else Counts()
