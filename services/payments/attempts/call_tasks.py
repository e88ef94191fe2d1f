"""Calls about payments that are there, by message: each an effect whose parts differ in what they begin and what they call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

from services.payments import payment_deps
from services.payments.attempts import calling
from services.payments.attempts.call_claims import CallClaims
from services.payments.attempts.claiming import SETTLE_S
from services.payments.attempts.work import CallWork
from services.payments.gateways_deps import gateways
from shared.contracts.message import Command
from shared.contracts.payments import CapturePayment, ExecuteRefund, ReleasePayment, ResolvePayment
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Outcome, Skipped
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect

M = TypeVar("M", bound=Command)
Begin = Callable[[CallClaims, Sequence[UUID]], Awaitable[Mapping[UUID, CallWork | Outcome]]]


class CallEffect(Generic[M]):
    """about: the payment or refund that a message names. begin: what is to be called about them. call: does it. looks: it does
    nothing at the gateway, and what is not found there was never done."""

    concurrency = 32

    def __init__(
        self,
        runtime: ProcessRuntime,
        about: Callable[[M], UUID],
        begin: Begin,
        call: Callable[[CallWork], Awaitable[Outcome]],
        *,
        looks: bool = False,
    ) -> None:
        self._runtime = runtime
        self._accounts = gateways(runtime)
        self._about = about
        self._begin = begin
        self._call = call
        self._looks = looks

    async def claim(self, session: Session, received: Sequence[Received[M]]) -> Sequence[CallWork | Outcome]:
        """Commit what is about to be called; what two messages name is called about once."""
        claims = payment_deps.call_claims(session, self._accounts, self._runtime.clock)
        ids = [self._about(one.message) for one in received]
        works = await self._begin(claims, sorted(set(ids)))
        return [works[key] if key not in ids[:place] else Skipped("another message is at it") for place, key in enumerate(ids)]

    async def call(self, work: CallWork) -> Outcome:
        """Call."""
        return await self._call(work)

    async def record(self, session: Session, results: Sequence[tuple[Received[M], CallWork | None, Outcome]]) -> None:
        """Apply what the gateways have said."""
        settle_s = self._runtime.settings.scaled(SETTLE_S)
        records = payment_deps.call_records(session, self._runtime.clock, settle_s=settle_s)
        done = [(work, outcome) for _, work, outcome in results if work is not None]
        answered = [work for work, outcome in done if self._looks and outcome == _DONE]
        others = [work for work, outcome in done if not (self._looks and outcome == _DONE)]
        await records.record_answers(answered)
        await records.record(others)

    async def close(self) -> None:
        """Give back the connections."""
        await self._accounts.close()


_DONE: Final = Done()


@effect(ResolvePayment)
def resolve_payment(runtime: ProcessRuntime) -> CallEffect[ResolvePayment]:
    """Asks; made once in each worker process."""
    return CallEffect(runtime, lambda one: one.payment_id, CallClaims.resolve, calling.ask, looks=True)


@effect(CapturePayment)
def capture_payment(runtime: ProcessRuntime) -> CallEffect[CapturePayment]:
    """Takes what is authorized; made once in each worker process."""
    return CallEffect(runtime, lambda one: one.payment_id, CallClaims.capture, calling.capture)


@effect(ReleasePayment)
def release_payment(runtime: ProcessRuntime) -> CallEffect[ReleasePayment]:
    """Gives authorizations up; made once in each worker process."""
    return CallEffect(runtime, lambda one: one.payment_id, CallClaims.release, calling.release)


@effect(ExecuteRefund)
def execute_refund(runtime: ProcessRuntime) -> CallEffect[ExecuteRefund]:
    """Gives money back; made once in each worker process."""
    return CallEffect(
        runtime, lambda one: one.refund_id, CallClaims.give_back, lambda work: calling.give_back(work, runtime.clock())
    )
