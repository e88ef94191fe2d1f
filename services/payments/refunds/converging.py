"""What gateways say of refunds, brought to ours: whose they are, and how far they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.credit_notes.refund_credits import RefundCredits
from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.paying import InvoicePayments
from services.payments.ledger.models import Posting
from services.payments.ledger.repository import Ledger
from services.payments.orders.order_payments import OrderPayments
from services.payments.payments import booking, ranks
from services.payments.payments.cases import Cases
from services.payments.payments.models import Payment
from services.payments.payments.period_receipts import PeriodReceipts
from services.payments.payments.telling import receipt_id
from services.payments.refunds.models import NOT_GIVEN, HeldRefund, Refund
from services.payments.refunds.repository import RefundRepository
from services.payments.refunds.shares import shares_of
from shared.runtime.ids import uuid7

_NAMESPACE: Final = UUID("3b0c7c58-6f0b-5f53-8f66-2a0d6a2f7a10")
_GATEWAYS_OWN: Final = "made at the gateway, and not by us"


class RefundFacts:
    """Works in the unit of work that holds the payments."""

    def __init__(
        self,
        refunds: RefundRepository,
        credit_entries: CreditRepository,
        ledger: Ledger,
        orders: OrderPayments,
        invoices: InvoicePayments,
        invoice_credits: RefundCredits,
        periods: PeriodReceipts,
        cases: Cases,
    ) -> None:
        self._refunds = refunds
        self._credits = credit_entries
        self._ledger = ledger
        self._orders = orders
        self._invoices = invoices
        self._invoice_credits = invoice_credits
        self._periods = periods
        self._cases = cases

    async def settle(self, payments: Mapping[UUID, Payment], captured_minor: Mapping[UUID, int], now: datetime) -> None:
        """Bring our refunds of these payments to what gateways hold. captured_minor: as it is now, by payment."""
        held = await self._refunds.held(payments.keys())
        if not held:
            return
        ours = {refund.id: refund for refund in await self._refunds.of_payments(payments.keys())}
        moved: set[UUID] = set()
        for one in held:
            payment = payments[one.payment_id]
            refund = await self._ours(one, payment, ours, captured_minor[payment.id], now)
            if refund is not None:
                ours[refund.id] = refund
                await self._advance(one, refund, replace(payment, captured_minor=captured_minor[payment.id]), now)
                moved |= {refund.plan_id} if refund.plan_id is not None else set()
        await self._refunds.move_plans(moved)

    async def give_up(self, refund: Refund, payment: Payment, why: str, now: datetime) -> None:
        """The gateway will not make it: what was promised is taken back, and a person decides how else it is given back."""
        await self._fail(refund, payment, now, failure=why[:300])
        await self._refunds.move_plans({refund.plan_id} if refund.plan_id is not None else set())

    async def _ours(
        self, one: HeldRefund, payment: Payment, ours: Mapping[UUID, Refund], captured_minor: int, now: datetime
    ) -> Refund | None:
        """The refund that a gateway's is; one that somebody made there, once the payment has the money for it."""
        named = ours.get(one.refund_id or receipt_id(one.receipt) or UUID(int=0))
        if named is not None:
            if one.refund_id is None:
                await self._refunds.bind(one, named.id)
            return named
        given = sum(
            refund.amount_minor for refund in ours.values() if refund.payment_id == payment.id and refund.status not in NOT_GIVEN
        )
        if one.currency != payment.currency or given + one.amount_minor > captured_minor:
            return None
        of_payment = [refund for refund in ours.values() if refund.payment_id == payment.id]
        from_credit = await self._is_of_credit(one, replace(payment, captured_minor=captured_minor), of_payment)
        refund = replace(_made_there(one, payment, now), from_credit=from_credit)
        await self._refunds.insert(refund)
        await self._refunds.bind(one, refund.id)
        await self._ledger.post(
            [booking.refund_requested(payment, refund.id, refund.amount_minor, one.first_seen_at, from_credit=from_credit)]
        )
        if from_credit:
            await self._credit(refund, payment, -refund.amount_minor, "refund", now)
        return refund

    async def _is_of_credit(self, one: HeldRefund, payment: Payment, refunds: Sequence[Refund]) -> bool:
        """Whether a refund that was made at the gateway gives back a surplus: what was paid twice, or for nothing. Where the
        customer has used that credit, what was due is due again."""
        granted = await self._credits.granted_by(payment.id) if payment.customer_id is not None else []
        if payment.customer_id is None or one.gateway_payment_id not in dict(granted):
            return False
        balance = await self._credits.hold(payment.customer_id, payment.currency)
        shares = shares_of(payment, refunds, granted, balance)
        mine = [share for share in shares if share.from_credit and share.gateway_payment_id == one.gateway_payment_id]
        return any(share.left_minor >= one.amount_minor for share in mine)

    async def _advance(self, one: HeldRefund, refund: Refund, payment: Payment, now: datetime) -> None:
        if refund.status == "processed" or (refund.status == "failed" and one.rank <= ranks.REFUND_FAILED):
            return
        if one.rank == ranks.REFUND_PROCESSED:
            revived = await self._revived(refund, payment) if refund.status == "failed" else refund
            if revived is not None:
                await self._process(one, revived, payment, now)
        elif one.rank == ranks.REFUND_FAILED:
            failure = "the gateway could not give it back"
            await self._fail(refund, payment, now, gateway_refund_id=one.gateway_refund_id, failure=failure)
        elif refund.status == "requested":
            await self._refunds.advance(
                refund.id, "pending", now, gateway_refund_id=one.gateway_refund_id, reference=one.reference
            )

    async def _revived(self, refund: Refund, payment: Payment) -> Refund | None:
        """A refund that was made although it had failed, as it counts from now on.

        Where its plan has been tried again, that other refund is the plan's, and a person hears that there are two. None while
        the others leave no room for it: a gateway gives no more than it has, so one of them fails, and this one is found then.
        """
        others = [
            other
            for other in await self._refunds.of_payments([payment.id])
            if other.id != refund.id and other.status not in NOT_GIVEN
        ]
        is_replaced = refund.plan_id is not None and any(other.plan_id == refund.plan_id for other in others)
        has_room = sum(other.amount_minor for other in others) + refund.amount_minor <= payment.captured_minor
        if is_replaced or not has_room:
            await self._cases.open("refund_revived", payment.id, {"refund_id": str(refund.id)})
        if not has_room:
            return None
        if not is_replaced:
            return refund
        await self._refunds.detach(refund.id)
        return replace(refund, plan_id=None)

    async def _process(self, one: HeldRefund, refund: Refund, payment: Payment, now: datetime) -> None:
        at = one.processed_at or now
        postings: list[Posting] = []
        if refund.status == "failed":
            postings.append(booking.refund_revived(payment, refund.id, refund.amount_minor, at, from_credit=refund.from_credit))
            if refund.from_credit:
                await self._credit(refund, payment, -refund.amount_minor, "refund_revived", now)
        postings.append(booking.refund_processed(payment, refund.id, refund.amount_minor, at))
        await self._ledger.post(postings)
        await self._refunds.advance(
            refund.id, "processed", now, gateway_refund_id=one.gateway_refund_id, reference=one.reference, processed_at=at
        )
        if not refund.from_credit:
            await self._take_back(refund, payment, at)

    async def _take_back(self, refund: Refund, payment: Payment, at: datetime) -> None:
        invoice_id = payment.invoice_id
        if payment.order_id is not None:
            await self._orders.refunded(payment.order_id, refund.amount_minor, refund.id, at)
            invoice_id = await self._invoices.of_order(payment.order_id)
        elif invoice_id is None and payment.subscription_id is not None and payment.period_start is not None:
            invoice_id = await self._periods.invoice_of(payment)
        if invoice_id is not None:
            is_planned = refund.plan_id is not None
            await self._invoice_credits.take_back(invoice_id, refund.amount_minor, refund.id, at, is_planned=is_planned)

    async def _fail(self, refund: Refund, payment: Payment, now: datetime, **more: str) -> None:
        await self._refunds.advance(refund.id, "failed", now, **more)
        await self._ledger.post(
            [booking.refund_failed(payment, refund.id, refund.amount_minor, now, from_credit=refund.from_credit)]
        )
        if refund.from_credit:
            await self._credit(refund, payment, refund.amount_minor, "refund", now)
        await self._cases.open("refund_undone", payment.id, {"refund_id": str(refund.id)})

    async def _credit(self, refund: Refund, payment: Payment, amount_minor: int, source: str, now: datetime) -> None:
        assert payment.customer_id is not None, "credit is a customer's"
        kind = "refund_failed" if amount_minor > 0 else "refund"
        entry = CreditEntry(
            id=uuid7(),
            organization_id=payment.organization_id,
            customer_id=payment.customer_id,
            currency=payment.currency,
            kind=kind,  # type: ignore[arg-type]  # one of the two
            amount_minor=amount_minor,
            source=source,
            source_id=refund.id,
            order_id=payment.order_id,
            invoice_id=payment.invoice_id,
            note=None,
            at=now,
        )
        await self._credits.add([entry])


def _made_there(one: HeldRefund, payment: Payment, now: datetime) -> Refund:
    return Refund(
        id=uuid5(_NAMESPACE, f"{one.gateway}/{one.account}/{one.gateway_refund_id}"),
        organization_id=payment.organization_id,
        payment_id=payment.id,
        order_id=payment.order_id,
        plan_id=None,
        gateway=one.gateway,
        account=one.account,
        gateway_payment_id=one.gateway_payment_id,
        gateway_refund_id=one.gateway_refund_id,
        amount_minor=one.amount_minor,
        currency=one.currency,
        from_credit=False,
        status="requested",
        reason=_GATEWAYS_OWN,
        failure=None,
        reference=one.reference,
        requested_by=f"gateway:{one.gateway}",
        approved_by=None,
        requested_at=one.first_seen_at,
        updated_at=now,
        processed_at=None,
        version=1,
    )
