"""Charges by message, and what follows from their failures."""

from collections.abc import Sequence

from services.payments import payment_deps
from services.payments.attempts.charging import charge
from services.payments.attempts.claiming import TAKEN
from services.payments.attempts.work import ChargeWork
from services.payments.gateways.calls import CONNECTIONS
from services.payments.gateways.directory import Gateways
from services.payments.gateways_deps import gateways
from shared.contracts.payments import (
    ExpirePayments,
    HandleFailedPayment,
    ProcessPayment,
    ResolveUnknownPayments,
    RetryFailedPayments,
    WatchAuthorizations,
)
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Failed, Outcome
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


class ChargeEffect:
    """Claims and records by batches; as many charges are under way at once in a process as there are connections for them."""

    concurrency = CONNECTIONS

    def __init__(self, runtime: ProcessRuntime, accounts: Gateways) -> None:
        self._runtime = runtime
        self._accounts = accounts

    async def claim(self, session: Session, received: Sequence[Received[ProcessPayment]]) -> Sequence[ChargeWork | Outcome]:
        """Commit what is about to be called."""
        claims = payment_deps.charge_claims(session, self._runtime, self._accounts)
        return await claims.claim(received, ProcessPayment.contract.retry.max_retries)

    async def call(self, work: ChargeWork) -> Outcome:
        """Charge."""
        return await charge(work)

    async def record(
        self, session: Session, results: Sequence[tuple[Received[ProcessPayment], ChargeWork | None, Outcome]]
    ) -> None:
        """Apply what the gateways have said."""
        done = [(work, outcome) for _, work, outcome in results if work is not None]
        ended = [one for one, work, outcome in results if work is None and (isinstance(outcome, Failed) or outcome == TAKEN)]
        left = {one.message.payment_id or one.id for one in ended}
        taken = {one.message.payment_id or one.id for one, _, outcome in results if outcome == TAKEN}
        await payment_deps.charge_records(session, self._runtime.clock).record(done, left, taken)

    async def close(self) -> None:
        """Give back the connections."""
        await self._accounts.close()


@effect(ProcessPayment)
def process_payment(runtime: ProcessRuntime) -> ChargeEffect:
    """Made once in each worker process."""
    return ChargeEffect(runtime, gateways(runtime))


@task(HandleFailedPayment)
async def handle_failed_payment(session: Session, received: Received[HandleFailedPayment]) -> None:
    """Plan another try or none, and tell the customer."""
    await payment_deps.failure_handling(session, lambda: received.occurred_at).handle(received.message.payment_id)


@task(RetryFailedPayments)
async def retry_failed_payments(session: Session, received: Received[RetryFailedPayments]) -> None:
    """Have payments charged again whose time has come."""
    slot = received.message.slot or received.occurred_at
    await payment_deps.payment_upkeep(session, lambda: received.occurred_at).retry(slot)


@task(ResolveUnknownPayments)
async def resolve_unknown_payments(session: Session, received: Received[ResolveUnknownPayments]) -> None:
    """Have gateways asked about what is not known."""
    slot = received.message.slot or received.occurred_at
    await payment_deps.payment_upkeep(session, lambda: received.occurred_at).resolve(slot)


@task(ExpirePayments)
async def expire_payments(session: Session, received: Received[ExpirePayments]) -> None:
    """End payments that nobody has made."""
    slot = received.message.slot or received.occurred_at
    await payment_deps.payment_upkeep(session, lambda: received.occurred_at).expire(slot)


@task(WatchAuthorizations)
async def watch_authorizations(session: Session, received: Received[WatchAuthorizations]) -> None:
    """Alarm over authorizations that nobody takes, and over gateways that have fallen silent."""
    slot = received.message.slot or received.occurred_at
    await payment_deps.payment_upkeep(session, lambda: received.occurred_at).watch(slot)
