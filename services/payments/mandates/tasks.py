"""Notices that precede debits of mandates, by message."""

from collections.abc import Sequence

from services.payments import subscription_deps as deps
from services.payments.gateways.directory import Gateways
from services.payments.gateways_deps import gateways
from services.payments.mandates.sending import NoticeWork, ask
from shared.contracts.payments import PlanDebitNotices, SendDebitNotice
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome, Skipped
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


@task(PlanDebitNotices)
async def plan_debit_notices(session: Session, received: Received[PlanDebitNotices]) -> None:
    """Have notices given of what is debited within two days."""
    await deps.notice_planning(session).run(received.message.slot or received.occurred_at, received.message.after_id)


class NoticeEffect:
    """Claims and records by batches, and asks for up to 32 at once in a process."""

    concurrency = 32

    def __init__(self, runtime: ProcessRuntime, accounts: Gateways) -> None:
        self._runtime = runtime
        self._accounts = accounts

    async def claim(self, session: Session, received: Sequence[Received[SendDebitNotice]]) -> Sequence[NoticeWork | Outcome]:
        """Commit what is about to be asked for."""
        ids = [one.message.notice_id for one in received]
        works = await deps.notice_claims(session, self._accounts, self._runtime.clock).claim(sorted(set(ids)))
        return [works[key] if key not in ids[:place] else Skipped("another message is at it") for place, key in enumerate(ids)]

    async def call(self, work: NoticeWork) -> Outcome:
        """Ask."""
        return await ask(work)

    async def record(
        self, session: Session, results: Sequence[tuple[Received[SendDebitNotice], NoticeWork | None, Outcome]]
    ) -> None:
        """Note what came of it."""
        await deps.notice_records(session, self._runtime.clock).record([work for _, work, _ in results if work is not None])

    async def close(self) -> None:
        """Give back the connections."""
        await self._accounts.close()


@effect(SendDebitNotice)
def send_debit_notice(runtime: ProcessRuntime) -> NoticeEffect:
    """Made once in each worker process."""
    return NoticeEffect(runtime, gateways(runtime))
