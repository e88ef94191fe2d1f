"""What happens to payments by the clock. Each look takes what is due and publishes what follows in the same transaction."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.attempts.upkeep_repository import UpkeepRepository
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.payments.cases import Cases
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import SYSTEM
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.repository import RefundRepository
from shared.contracts.payments import (
    CapturePayment,
    ExecuteRefund,
    ExecuteRefundPlan,
    ExpirePayments,
    ProcessPayment,
    ReleasePayment,
    ResolvePayment,
    ResolveUnknownPayments,
    RetryFailedPayments,
)
from shared.runtime.outbox import Publisher

AT_ONCE: Final = 500
_REFUNDS_WAIT_S: Final = 3600
_LAST_CHECK: Final = 7
_NAMESPACE: Final = UUID("0d9ff7a1-3c5a-5b3e-8a42-5b1c1f0e9a77")


class PaymentUpkeep:
    """Works in one unit of work."""

    def __init__(
        self,
        upkeep: UpkeepRepository,
        payments: PaymentRepository,
        refunds: RefundRepository,
        receipts: ReceiptRepository,
        facts: GatewayFacts,
        cases: Cases,
        publisher: Publisher,
    ) -> None:
        self._upkeep = upkeep
        self._payments = payments
        self._refunds = refunds
        self._receipts = receipts
        self._facts = facts
        self._cases = cases
        self._publisher = publisher

    async def retry(self, slot: datetime) -> None:
        """Have payments charged again whose time has come."""
        taken = await self._upkeep.take_retries(slot, AT_ONCE)
        for one in taken:
            self._publisher.publish(ProcessPayment(payment_id=one.id), message_id=_once("retry", one.id, one.tries, slot))
        if len(taken) == AT_ONCE:
            self._publisher.publish(RetryFailedPayments(slot=slot))

    async def resolve(self, slot: datetime) -> None:
        """Have gateways asked about what is not known, match what came before its payment, have failures dealt with that nobody
        comes back to, and carry out what is to go back."""
        taken = await self._upkeep.take_checks(slot, AT_ONCE)
        for one in taken:
            self._publisher.publish(ResolvePayment(payment_id=one.id), message_id=_once("check", one.id, one.tries, slot))
            if one.tries >= _LAST_CHECK:
                await self._cases.open("outcome_unknown", one.id, {"checks": one.tries})
        left = await self._upkeep.take_left(slot, AT_ONCE)
        if left:
            await self._facts.apply([], touched=left, reason="the message that was to try again does not come")
        orphans = await self._upkeep.orphans(AT_ONCE)
        if orphans:
            await self._facts.apply([], touched=orphans, reason="its order has become known")
        for gateway, account, payment_id in await self._upkeep.unmatched(slot):
            details = {"gateway": gateway, "account": account, "gateway_payment_id": payment_id}
            await self._cases.open("missing_local", None, details)
        for dispute in await self._upkeep.unmatched_disputes(slot):
            until = dispute["respond_by"]
            said = {**dispute, "respond_by": until.isoformat() if until is not None else None}
            await self._cases.open("dispute_unseen", None, said)
        hour = int(slot.timestamp()) // _REFUNDS_WAIT_S
        before = datetime.fromtimestamp(slot.timestamp() - _REFUNDS_WAIT_S, slot.tzinfo)
        refunds = await self._refunds.take_unheard(slot, before, AT_ONCE)
        for refund_id in refunds:
            # The same request again, or a look at it: both are harmless.
            self._publisher.publish(ExecuteRefund(refund_id=refund_id), message_id=_once("refund", refund_id, hour))
        for plan_id in await self._refunds.planned(AT_ONCE):
            self._publisher.publish(ExecuteRefundPlan(plan_id=plan_id), message_id=_once("plan", plan_id))
        if AT_ONCE in (len(taken), len(left), len(refunds)):
            self._publisher.publish(ResolveUnknownPayments(slot=slot))

    async def expire(self, slot: datetime) -> None:
        """End payments that nobody has made."""
        due = await self._upkeep.expiring(slot, AT_ONCE)
        held = await self._payments.lock(due)
        over = [key for key, one in held.items() if one.is_open and one.status == "created"]
        if over:
            await self._payments.end(over, "expired", by=SYSTEM, at=slot, reason="nobody has paid in time")
            orders = sorted({one.order_id for one in held.values() if one.id in over and one.order_id is not None})
            await self._receipts.lock(orders)
            await self._receipts.processing(orders, slot, on=False)
        if len(due) == AT_ONCE:
            self._publisher.publish(ExpirePayments(slot=slot))

    async def watch(self, slot: datetime) -> None:
        """Alarm over authorizations of 60 hours and try to take them once more, but not those that were given up; at 72 hours
        give all of them up."""
        for one in await self._upkeep.lapsing(slot, AT_ONCE):
            await self._cases.open("authorization_lapsing", one.id, {"is_over": one.is_over})
            command = ReleasePayment(payment_id=one.id) if one.is_over else CapturePayment(payment_id=one.id)
            hour = int(slot.timestamp()) // 3600
            self._publisher.publish(command, message_id=_once("lapsing", one.id, hour))
        for gateway, account in await self._upkeep.silent(slot):
            await self._cases.open("webhooks_silent", None, {"gateway": gateway, "account": account})


def _once(what: str, key: UUID, *more: object) -> UUID:
    return uuid5(_NAMESPACE, "/".join(map(str, (what, key, *more))))
