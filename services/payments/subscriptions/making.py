"""Rows that follow from what was decided: periods, the orders that deliver them, and the payments that are made for them."""

from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.payments.mandates.models import amount_fault, needs_notice
from services.payments.orders.numbers import new_number
from services.payments.payments.models import NewPayment
from services.payments.subscriptions.due_models import Billed, Decision, Due, LeftOut
from services.payments.subscriptions.new_models import Made, NewOrder, NewPeriod
from shared.runtime.ids import uuid7

NAMESPACE: Final = UUID("5f0d7c1e-9f43-5a51-8f0e-2f6f6f1a4b7d")


def made(decision: Decision, billed: Billed) -> Made:
    """What is written of a period that is billed."""
    due, bill = decision.due, billed.bill
    order = _order(due, billed) if billed.terms.delivers else None
    fault = _fault(due, bill.total_minor)
    payment = _payment(due, billed, order) if bill.total_minor and due.payment_method_id is not None and fault is None else None
    period = NewPeriod(
        subscription_id=due.id,
        start_on=bill.period.start,
        end_on=bill.period.end,
        organization_id=due.organization_id,
        customer_id=due.customer_id,
        legal_entity_id=due.legal_entity_id,
        plan_version_id=billed.terms.id,
        quantity=billed.quantity,
        status="open" if bill.total_minor else "paid",
        reason=None,
        currency=billed.terms.currency,
        lines=[asdict(line) for line in bill.lines],
        place_of_supply=due.supply.place_of_supply,
        supply_kind=due.supply.supply_kind,
        taxable_minor=bill.taxable_minor,
        tax_minor=bill.tax_minor,
        round_off_minor=bill.round_off_minor,
        total_minor=bill.total_minor,
        order_id=order.id if order is not None else None,
        payment_id=payment.id if payment is not None else None,
        taken={str(key): amount for key, amount in bill.taken.items()},
    )
    is_debit = payment is not None and needs_notice(due.gateway, due.method_kind, billed.terms.currency)
    return Made(period, order, payment, fault if bill.total_minor else None, needs_notice=is_debit)


def left_out(decision: Decision, out: LeftOut) -> NewPeriod:
    """What is written of a period that is not billed."""
    due = decision.due
    return NewPeriod(
        subscription_id=due.id,
        start_on=out.period.start,
        end_on=out.period.end,
        organization_id=due.organization_id,
        customer_id=due.customer_id,
        legal_entity_id=due.legal_entity_id,
        plan_version_id=out.terms.id,
        quantity=out.quantity,
        status="skipped",
        reason=out.reason,
        currency=out.terms.currency,
        lines=[],
        place_of_supply=due.supply.place_of_supply,
        supply_kind=due.supply.supply_kind,
        taxable_minor=0,
        tax_minor=0,
        round_off_minor=0,
        total_minor=0,
        order_id=None,
        payment_id=None,
        taken={},
    )


def payment_id_of(subscription_id: UUID, start: date, number: int = 1) -> UUID:
    """The id of a period's payment; number: counted from 1, where another method takes a failed one's place."""
    return uuid5(NAMESPACE, f"payment/{subscription_id}/{start.isoformat()}/{number}")


def _fault(due: Due, total_minor: int) -> str | None:
    if due.payment_method_id is None:
        return None
    return due.method_fault or amount_fault(due.max_amount_minor, due.method_label, total_minor)


def _order(due: Due, billed: Billed) -> NewOrder:
    bill = billed.bill
    lines = [
        {"number": number, **asdict(line), **asdict(taxed)}
        for number, (line, taxed) in enumerate(zip(bill.lines, bill.taxes, strict=True), start=1)
    ]
    return NewOrder(
        id=uuid7(),
        organization_id=due.organization_id,
        customer_id=due.customer_id,
        legal_entity_id=due.legal_entity_id,
        number=new_number(bill.period.start),
        currency=billed.terms.currency,
        subtotal_minor=bill.subtotal_minor,
        discount_minor=bill.discount_minor,
        tax_minor=bill.tax_minor,
        round_off_minor=bill.round_off_minor,
        total_minor=bill.total_minor,
        supply_kind=due.supply.supply_kind,
        supplier_state=due.supply.supplier_state,
        place_of_supply=due.supply.place_of_supply,
        round_to_minor=due.supply.round_to_minor,
        delivery=dict(due.delivery) | ({"slot": due.delivery_slot} if due.delivery_slot else {}),
        due_on=bill.period.start,
        subscription_id=due.id,
        period_start=bill.period.start,
        lines=lines,
    )


def _payment(due: Due, billed: Billed, order: NewOrder | None) -> NewPayment:
    assert due.gateway is not None, "a method that can be charged is at a gateway"
    assert due.account is not None, "as above"
    return NewPayment(
        id=payment_id_of(due.id, billed.bill.period.start),
        organization_id=due.organization_id,
        customer_id=due.customer_id,
        order_id=order.id if order is not None else None,
        invoice_id=None,
        subscription_id=due.id,
        period_start=billed.bill.period.start,
        gateway=due.gateway,
        account=due.account,
        payment_method_id=due.payment_method_id,
        currency=billed.terms.currency,
        amount_minor=billed.bill.total_minor,
        expires_at=None,
    )
