"""Asking for refunds: under the payment's lock, never above what was captured, and owed from that moment on."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.ledger.repository import Ledger
from services.payments.payments import booking
from services.payments.payments.models import PAID, Payment
from services.payments.refunds.errors import RefundAboveCaptured, RefundNeedsAnother, RefundStateForbids
from services.payments.refunds.models import NOT_GIVEN, Refund
from services.payments.refunds.repository import RefundRepository
from shared.contracts.payments import ExecuteRefund
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be given back. gateway_payment_id: which of the gateway's payments, where it is not the one that was counted."""

    amount_minor: int
    reason: str
    from_credit: bool = False
    plan_id: UUID | None = None
    gateway_payment_id: str | None = None
    awaits_approval: bool = False


class RefundRequests:
    """Works in the unit of work that holds the payment."""

    def __init__(self, refunds: RefundRepository, credit_entries: CreditRepository, ledger: Ledger, publisher: Publisher) -> None:
        self._refunds = refunds
        self._credits = credit_entries
        self._ledger = ledger
        self._publisher = publisher

    async def refundable(self, payment: Payment) -> int:
        """What is left to be given back of a payment that is held."""
        given = [one for one in await self._refunds.of_payments([payment.id]) if one.status not in NOT_GIVEN]
        return payment.captured_minor - sum(one.amount_minor for one in given)

    async def request(self, payment: Payment, wish: Wish, *, by: str, at: datetime) -> Refund:
        """Promise a refund, and have it made unless somebody has to approve it first. Raises RefundAboveCaptured."""
        amount_minor = wish.amount_minor
        left = await self.refundable(payment) if payment.status in PAID else 0
        if amount_minor > left:
            raise RefundAboveCaptured(
                f"{left} is left to give back of this payment, in minor units; ask for that at most", refundable_minor=left
            )
        refund = Refund(
            id=uuid7(),
            organization_id=payment.organization_id,
            payment_id=payment.id,
            order_id=payment.order_id,
            plan_id=wish.plan_id,
            gateway=payment.gateway,
            account=payment.account,
            gateway_payment_id=wish.gateway_payment_id or payment.gateway_payment_id,
            gateway_refund_id=None,
            amount_minor=amount_minor,
            currency=payment.currency,
            from_credit=wish.from_credit,
            status="awaiting_approval" if wish.awaits_approval else "requested",
            reason=wish.reason,
            failure=None,
            reference=None,
            requested_by=by,
            approved_by=None,
            requested_at=at,
            updated_at=at,
            processed_at=None,
            version=1,
        )
        if await self._refunds.insert(refund) and not wish.awaits_approval:
            await self._promise(refund, payment, at)
        return refund

    async def approve(self, refund: Refund, payment: Payment, *, by: str, at: datetime) -> Refund:
        """Let it be made. Both are held. Raises RefundStateForbids and RefundNeedsAnother."""
        _require_waiting(refund)
        if by == refund.requested_by:
            raise RefundNeedsAnother("who asked for the refund cannot approve it as well")
        await self._refunds.advance(refund.id, "requested", at, approved_by=by)
        await self._promise(refund, payment, at)
        return replace(refund, status="requested", approved_by=by, updated_at=at, version=refund.version + 1)

    async def reject(self, refund: Refund, *, by: str, at: datetime) -> Refund:
        """Let it not be made. Raises RefundStateForbids."""
        _require_waiting(refund)
        await self._refunds.advance(refund.id, "rejected", at, failure=f"rejected by {by}"[:300])
        return replace(refund, status="rejected", updated_at=at, version=refund.version + 1)

    async def _promise(self, refund: Refund, payment: Payment, at: datetime) -> None:
        posting = booking.refund_requested(payment, refund.id, refund.amount_minor, at, from_credit=refund.from_credit)
        await self._ledger.post([posting])
        if refund.from_credit:
            assert payment.customer_id is not None, "credit is a customer's"
            entry = CreditEntry(
                id=uuid7(),
                organization_id=payment.organization_id,
                customer_id=payment.customer_id,
                currency=payment.currency,
                kind="refund",
                amount_minor=-refund.amount_minor,
                source="refund",
                source_id=refund.id,
                order_id=payment.order_id,
                invoice_id=payment.invoice_id,
                note=None,
                at=at,
            )
            await self._credits.add([entry])
        self._publisher.publish(ExecuteRefund(refund_id=refund.id), message_id=refund.id)


def _require_waiting(refund: Refund) -> None:
    if refund.status != "awaiting_approval":
        raise RefundStateForbids("the refund does not wait for approval", refund_status=refund.status)
