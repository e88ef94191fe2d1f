"""Stored methods by message."""

from collections.abc import Sequence

from services.payments import payment_deps
from services.payments.gateways.directory import Gateways
from services.payments.gateways_deps import gateways
from services.payments.payment_methods.keeping import MethodWork, read_method
from shared.contracts.payments import KeepPaymentMethod
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


class KeepEffect:
    """Reads up to 16 methods at once in a process."""

    concurrency = 16

    def __init__(self, runtime: ProcessRuntime, accounts: Gateways) -> None:
        self._runtime = runtime
        self._accounts = accounts

    async def claim(self, session: Session, received: Sequence[Received[KeepPaymentMethod]]) -> Sequence[MethodWork | Outcome]:
        """Find whose they are."""
        keeping = payment_deps.method_keeping(session, self._accounts, self._runtime.clock)
        return [await keeping.claim(one.message) for one in received]

    async def call(self, work: MethodWork) -> Outcome:
        """Read one at its gateway."""
        return await read_method(work)

    async def record(
        self, session: Session, results: Sequence[tuple[Received[KeepPaymentMethod], MethodWork | None, Outcome]]
    ) -> None:
        """Keep what was read."""
        keeping = payment_deps.method_keeping(session, self._accounts, self._runtime.clock)
        for _, work, _ in results:
            if work is not None and work.token is not None:
                await keeping.keep(work.payment, work.token, work.wanted.gateway_customer_id)

    async def close(self) -> None:
        """Give back the connections."""
        await self._accounts.close()


@effect(KeepPaymentMethod)
def keep_payment_method(runtime: ProcessRuntime) -> KeepEffect:
    """Made once in each worker process."""
    return KeepEffect(runtime, gateways(runtime))
