"""What follows from disputes of what was paid: the books, a case for whoever has to answer, and cancellations that wait."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.disputes.booking import dispute_postings, losses_undone
from services.payments.disputes.models import Dispute
from services.payments.disputes.repository import DisputeReader
from services.payments.ledger.repository import Ledger
from services.payments.payments import ranks
from services.payments.payments.cases import CaseKind, Cases
from services.payments.payments.models import Payment
from shared.contracts.payments import ExecuteRefundPlan
from shared.runtime.outbox import Publisher

_NAMESPACE: Final = UUID("5b0f6d0e-52d1-5c43-8f0d-0d2f0c1c6a11")


class DisputeSettling:
    """Works in the unit of work that holds the payments."""

    def __init__(self, disputes: DisputeReader, ledger: Ledger, cases: Cases, publisher: Publisher) -> None:
        self._disputes = disputes
        self._ledger = ledger
        self._cases = cases
        self._publisher = publisher

    async def settle(self, payments: Mapping[UUID, Payment], now: datetime) -> None:
        """Bring the books, the cases and the plans to how the disputes of these payments stand. Done again it changes nothing."""
        disputes = await self._disputes.of_payments(payments)
        if not disputes:
            return
        await self._ledger.post(dispute_postings(payments, disputes, now))
        await self._ledger.reverse_posted(losses_undone(disputes, now))
        decided = [one for one in disputes if one.is_decided]
        await self._keep_cases(payments, disputes, now)
        await self._note_returned([one for one in decided if one.rank == ranks.DISPUTE_WON])
        await self._go_on(payments, decided)

    async def _keep_cases(self, payments: Mapping[UUID, Payment], disputes: Sequence[Dispute], now: datetime) -> None:
        """Open what a person has to see to, and end what is no more. What is in another currency is counted nowhere meanwhile."""
        ended: dict[CaseKind, list[str]] = {"dispute_open": [], "currency_mismatch": [], "dispute_unreturned": []}
        for one in disputes:
            if one.payment_id is None:
                continue
            payment, is_other = payments[one.payment_id], one.currency != payments[one.payment_id].currency
            if one.wants_answer:
                await self._cases.open("dispute_open", payment.id, _details(one))
            elif one.is_decided:
                ended["dispute_open"].append(one.gateway_dispute_id)
            if is_other and one.is_at_stake:
                await self._cases.open("currency_mismatch", payment.id, _both(one, payment))
            elif is_other:
                ended["currency_mismatch"].append(one.gateway_dispute_id)
            elif one.is_unreturned:
                await self._cases.open("dispute_unreturned", payment.id, {**_details(one), "deducted_minor": one.deducted_minor})
            else:
                ended["dispute_unreturned"].append(one.gateway_dispute_id)
        await self._cases.settle_disputes(ended, now)

    async def _note_returned(self, won: Sequence[Dispute]) -> None:
        """What a cancellation has counted as given back by a bank that has taken it from the customer again: a person decides."""
        counted = await self._disputes.counted(dispute_ids=[one.id for one in won]) if won else {}
        for one in won:
            if counted.get(one.id):
                await self._cases.open("refund_undone", one.payment_id, {**_details(one), "counted_minor": counted[one.id]})

    async def _go_on(self, payments: Mapping[UUID, Payment], decided: Sequence[Dispute]) -> None:
        """Have carried out what cancellations give back, which has waited for the banks."""
        news: dict[UUID, list[Dispute]] = {}
        for one in decided:
            order_id = payments[one.payment_id].order_id if one.payment_id is not None else None
            if order_id is not None:
                news.setdefault(order_id, []).append(one)
        for plan_id, order_id in await self._disputes.plans_waiting(sorted(news)) if news else ():
            said = "/".join(f"{one.id}:{one.rank}" for one in news[order_id])
            self._publisher.publish(ExecuteRefundPlan(plan_id=plan_id), message_id=uuid5(_NAMESPACE, f"{plan_id}/{said}"))


def _both(one: Dispute, payment: Payment) -> dict[str, object]:
    """As reconciliation writes it, so that what a person has accepted stays so."""
    return {
        "gateway_dispute_id": one.gateway_dispute_id,
        "gateway_payment_id": one.gateway_payment_id,
        "theirs_minor": one.amount_minor,
        "their_currency": one.currency,
        "ours_minor": payment.amount_minor,
        "our_currency": payment.currency,
    }


def _details(one: Dispute) -> dict[str, object]:
    return {
        "gateway_dispute_id": one.gateway_dispute_id,
        "gateway_payment_id": one.gateway_payment_id,
        "disputed_minor": one.amount_minor,
        "disputed_currency": one.currency,
        "respond_by": one.respond_by.isoformat() if one.respond_by is not None else None,
    }
