"""Reconciliation by message: beginning runs, and reading them page by page."""

from collections.abc import Sequence

from services.payments import reconciliation_deps as deps
from services.payments.gateways_deps import gateways
from services.payments.reconciliation.fetching import Step, fetch
from services.payments.reconciliation.models import SYSTEM
from shared.contracts.payments import AdvanceReconciliation, ReconcilePayments
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


@task(ReconcilePayments)
async def reconcile_payments(session: Session, received: Received[ReconcilePayments]) -> None:
    """Begin a run for each account."""
    asked = received.message
    reconciling = await deps.reconciling(session)
    await reconciling.begin(received.id, asked, received.occurred_at, asked.requested_by or SYSTEM)


class Advancing:
    """Reads a page of each of these runs."""

    concurrency = 4

    def __init__(self, runtime: ProcessRuntime) -> None:
        self._runtime = runtime
        self._accounts = gateways(runtime)

    async def claim(self, session: Session, received: Sequence[Received[AdvanceReconciliation]]) -> Sequence[Step | Outcome]:
        """Find the page that each run is at."""
        claims = deps.step_claims(session, self._accounts)
        return [await claims.claim(one.message) for one in received]

    async def call(self, work: Step) -> Outcome:
        """Read it."""
        return await fetch(work)

    async def record(
        self, session: Session, results: Sequence[tuple[Received[AdvanceReconciliation], Step | None, Outcome]]
    ) -> None:
        """Write down what it has told, and have the next one read."""
        records = deps.step_records(session, self._runtime.clock)
        await records.record([(work, outcome) for _, work, outcome in results if work is not None])

    async def close(self) -> None:
        """Give back the connections."""
        await self._accounts.close()


@effect(AdvanceReconciliation)
def advance_reconciliation(runtime: ProcessRuntime) -> Advancing:
    """Made once in each worker process."""
    return Advancing(runtime)
