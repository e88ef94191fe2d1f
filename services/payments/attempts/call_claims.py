"""Before and after calls about payments that are there; each batch in one unit of work before and one after."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.attempts.models import AttemptKind, Begin
from services.payments.attempts.repository import AttemptRepository
from services.payments.attempts.work import CallWork
from services.payments.gateways.directory import Account, Gateways
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import OFFLINE, PAID, Payment
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.converging import RefundFacts
from services.payments.refunds.models import Refund
from services.payments.refunds.repository import RefundRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.outcomes import Failed, Outcome, Skipped

_KEY_KEPT: Final = timedelta(hours=23)
"""Gateways remember idempotency keys for a day."""


class CallClaims:
    """Works in one unit of work. Answers are by payment or refund id: the work, or an outcome without a call."""

    def __init__(
        self,
        session: Session,
        payments: PaymentRepository,
        refunds: RefundRepository,
        attempts: AttemptRepository,
        gateways: Gateways,
        clock: Clock,
    ) -> None:
        self._session = session
        self._payments = payments
        self._refunds = refunds
        self._attempts = attempts
        self._gateways = gateways
        self._clock = clock

    async def resolve(self, payment_ids: Sequence[UUID]) -> dict[UUID, CallWork | Outcome]:
        """Ask about these, whatever their state: it does nothing."""
        payments = await self._payments.lock(payment_ids)
        unfinished = await self._attempts.unfinished(payment_ids)
        answers: dict[UUID, CallWork | Outcome] = {}
        for key in payment_ids:
            payment = payments.get(key)
            if payment is None or payment.gateway == OFFLINE:
                answers[key] = Skipped("there is nobody to ask")
            else:
                answers[key] = CallWork(payment, await self._account(payment), unfinished=unfinished.get(key, []))
        return answers

    async def capture(self, payment_ids: Sequence[UUID]) -> dict[UUID, CallWork | Outcome]:
        """Take these, where they are authorized and neither taken nor given up."""
        return await self._begin("capture", payment_ids, but_given_up=True)

    async def capture_after_all(self, payment_ids: Sequence[UUID]) -> dict[UUID, CallWork | Outcome]:
        """Take these because a person wants it: also what was given up, as long as the gateway holds it."""
        return await self._begin("capture", payment_ids)

    async def release(self, payment_ids: Sequence[UUID]) -> dict[UUID, CallWork | Outcome]:
        """Give these up, where they are authorized and not taken."""
        return await self._begin("cancel", payment_ids)

    async def give_back(self, refund_ids: Sequence[UUID]) -> dict[UUID, CallWork | Outcome]:
        """Make these refunds, or look at those that were made."""
        now = self._clock()
        payments = await self._payments.lock(await self._refunds.payments_of(refund_ids))
        refunds = await self._refunds.lock(refund_ids)
        answers: dict[UUID, CallWork | Outcome] = {}
        begins = list[Begin]()
        for key in refund_ids:
            refund = refunds.get(key)
            answers[key] = work = await self._refund(refund, payments, now)
            if (
                isinstance(work, CallWork)
                and refund is not None
                and work.account is not None
                and refund.gateway_refund_id is None
            ):
                work.attempt = uuid7()
                begins.append(Begin(work.attempt, work.payment.id, "refund", refund.amount_minor, refund.id))
        await self._attempts.begin(begins, now)
        return answers

    async def _refund(self, refund: Refund | None, payments: Mapping[UUID, Payment], now: datetime) -> CallWork | Outcome:
        if refund is None:
            return Failed("there is no such refund")
        if refund.status not in ("requested", "pending"):
            return Skipped(f"the refund is {refund.status}")
        payment = payments[refund.payment_id]
        account = await self._account(payment) if payment.gateway != OFFLINE else None
        return CallWork(payment, account, refund=refund, is_old=now - refund.requested_at > _KEY_KEPT)

    async def _begin(
        self, kind: AttemptKind, payment_ids: Sequence[UUID], *, but_given_up: bool = False
    ) -> dict[UUID, CallWork | Outcome]:
        now = self._clock()
        payments = await self._payments.lock(payment_ids)
        given_up = await self._attempts.released(payment_ids) if but_given_up else set()
        answers: dict[UUID, CallWork | Outcome] = {}
        begins = list[Begin]()
        for key in payment_ids:
            payment = payments.get(key)
            if payment is None:
                answers[key] = Failed("there is no such payment")
            elif payment.status != "authorized" or payment.gateway_payment_id is None:
                answers[key] = Skipped(f"the payment is {payment.status}")
            elif key in given_up:
                answers[key] = Skipped("the authorization was given up")
            elif key not in answers:
                attempt = uuid7()
                begins.append(Begin(attempt, key, kind, payment.amount_minor, gateway_payment_id=payment.gateway_payment_id))
                answers[key] = CallWork(payment, await self._account(payment), attempt=attempt)
        await self._attempts.begin(begins, now)
        return answers

    async def _account(self, payment: Payment) -> Account:
        return await self._gateways.get(self._session, payment.account)


class CallRecords:
    """Works in one unit of work."""

    def __init__(
        self,
        attempts: AttemptRepository,
        payments: PaymentRepository,
        facts: GatewayFacts,
        refunds: RefundFacts,
        clock: Clock,
        *,
        settle_s: float,
    ) -> None:
        self._attempts = attempts
        self._payments = payments
        self._facts = facts
        self._refunds = refunds
        self._clock = clock
        self._settle = timedelta(seconds=settle_s)

    async def record(self, works: Sequence[CallWork]) -> dict[UUID, Payment]:
        """Apply what calls have brought to light; returns their payments."""
        now = self._clock()
        ids = sorted({work.payment.id for work in works})
        locked = await self._payments.lock(ids)
        await self._attempts.end([end for work in works for end in work.found.ends], now)
        for work in works:
            if work.refused is not None and work.refund is not None:
                await self._refunds.give_up(work.refund, locked[work.payment.id], work.refused, now)
        return await self._facts.apply([told for work in works for told in work.found.told], touched=ids)

    async def record_answers(self, works: Sequence[CallWork]) -> dict[UUID, Payment]:
        """The same for looks: what the gateway, when asked, has nothing of was never done, and may be tried again."""
        now = self._clock()
        bound = {work.payment.id: work.found.order_id for work in works if work.found.order_id is not None}
        await self._payments.lock(sorted({work.payment.id for work in works}))
        await self._attempts.bind_orders(bound)
        after = await self.record(works)
        lost = await self._attempts.give_up(sorted(after), now - self._settle, now)
        if lost:
            after |= await self._facts.apply([], touched=lost, reason="the gateway knows nothing of it")
            again = [key for key in lost if after[key].payment_method_id is not None and after[key].status not in PAID]
            await self._attempts.try_again_at(again, now)
        return after
