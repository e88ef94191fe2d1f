"""Asking for refunds: under the payment's lock, never above what was captured, and owed from that moment on.

What nothing was due for has become the customer's credit. Giving it back uses that credit up: else it would be theirs twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.ledger.repository import Ledger
from services.payments.payments import booking
from services.payments.payments.models import PAID, Payment
from services.payments.refunds.errors import RefundAboveCaptured, RefundNeedsAnother, RefundPlanned, RefundStateForbids
from services.payments.refunds.models import Refund
from services.payments.refunds.repository import RefundRepository
from services.payments.refunds.shares import Share, firm, shares_of
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

    async def shares(self, payment: Payment) -> list[Share]:
        """What is left to be given back of a payment that is held: first of what something was due for, then of each surplus."""
        return await self._shares(payment, await self._refunds.of_payments([payment.id]))

    async def _shares(self, payment: Payment, refunds: Sequence[Refund]) -> list[Share]:
        if payment.status not in PAID:
            return []
        granted = await self._credits.granted_by(payment.id) if payment.customer_id is not None else []
        balance = await self._balance(payment) if granted else 0
        return shares_of(payment, refunds, granted, balance)

    async def refundable(self, payment: Payment) -> int:
        """What is left for a cancellation to give back, of what something was due for."""
        shares = await self._shares(payment, firm(await self._refunds.of_payments([payment.id])))
        return sum(one.left_minor for one in shares if not one.from_credit)

    async def require_beside_plans(self, payment: Payment, amount_minor: int) -> None:
        """For a refund beside what cancellations of the order give back: it is asked for, or approved, once they have begun, so
        that nobody gives back the same twice without knowing, and leaves them what waits for a bank. Raises RefundPlanned."""
        if payment.order_id is None:
            return
        to_come = await self._refunds.to_come(payment.order_id)
        if to_come.planned_minor:
            raise RefundPlanned(
                f"what was cancelled of the order gives back {to_come.planned_minor} in minor units by itself and has not begun; "
                "what is to be given back beside that can be asked for in a few minutes, once GET /v1/refunds shows it",
                planned_minor=to_come.planned_minor,
            )
        beside = max(to_come.left_minor - to_come.waiting_minor, 0)
        if to_come.waiting_minor and amount_minor > beside:
            raise RefundPlanned(
                f"what was cancelled of the order gives back {to_come.waiting_minor} in minor units that has not gone out "
                f"yet: it waits for a bank, or for another try; beside that {beside} can be given back",
                planned_minor=to_come.waiting_minor,
            )

    async def request(self, payment: Payment, wish: Wish, *, by: str, at: datetime) -> Refund:
        """Promise a refund, and have it made unless somebody has to approve it first. Raises RefundAboveCaptured."""
        amount_minor = wish.amount_minor
        before = await self._refunds.of_payments([payment.id])
        shares = await self._shares(payment, before if wish.plan_id is None else firm(before))
        require_left(_asked_of(shares, wish), amount_minor)
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
        """Let it be made. Both are held. Raises RefundStateForbids, RefundNeedsAnother, RefundPlanned and RefundAboveCaptured."""
        _require_waiting(refund)
        if by == refund.requested_by:
            raise RefundNeedsAnother("who asked for the refund cannot approve it as well")
        if refund.plan_id is None and not refund.from_credit:
            await self.require_beside_plans(payment, refund.amount_minor)
            others = [one for one in firm(await self._refunds.of_payments([payment.id])) if one.id != refund.id]
            shares = await self._shares(payment, others)
            require_left([one for one in shares if not one.from_credit], refund.amount_minor)
        await self._refunds.advance(refund.id, "requested", at, by=by, approved_by=by)
        await self._promise(refund, payment, at)
        return replace(refund, status="requested", approved_by=by, updated_at=at, version=refund.version + 1)

    async def reject(self, refund: Refund, *, by: str, at: datetime) -> Refund:
        """Let it not be made. Raises RefundStateForbids."""
        _require_waiting(refund)
        await self._refunds.advance(refund.id, "rejected", at, by=by, failure=f"rejected by {by}"[:300])
        await self._refunds.move_plans({refund.plan_id} if refund.plan_id is not None else set())
        return replace(refund, status="rejected", updated_at=at, version=refund.version + 1)

    async def _balance(self, payment: Payment) -> int:
        assert payment.customer_id is not None, "credit is a customer's"
        return await self._credits.hold(payment.customer_id, payment.currency)

    async def _promise(self, refund: Refund, payment: Payment, at: datetime) -> None:
        """Raises RefundAboveCaptured where the customer has used their credit while the refund waited for approval."""
        if refund.from_credit:
            require_left([Share(refund.gateway_payment_id, True, await self._balance(payment))], refund.amount_minor)
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


def require_left(shares: Sequence[Share], amount_minor: int) -> Share:
    """The first share that has so much left. Raises RefundAboveCaptured."""
    for one in shares:
        if one.left_minor >= amount_minor:
            return one
    left = max((one.left_minor for one in shares), default=0)
    raise RefundAboveCaptured(
        f"{left} is left to give back of this payment at once, in minor units; ask for that at most", refundable_minor=left
    )


def _asked_of(shares: Sequence[Share], wish: Wish) -> list[Share]:
    if not wish.from_credit:
        return [one for one in shares if not one.from_credit]
    return [one for one in shares if one.from_credit and one.gateway_payment_id == wish.gateway_payment_id]


def _require_waiting(refund: Refund) -> None:
    if refund.status != "awaiting_approval":
        raise RefundStateForbids("the refund does not wait for approval", refund_status=refund.status)
