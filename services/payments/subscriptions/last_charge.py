"""What is written of the last invoice of a subscription that is over, so that it is charged and dunned as a period is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from services.payments.invoices.models import Invoice
from services.payments.mandates.models import amount_fault, needs_notice
from services.payments.payments.models import NewPayment
from services.payments.subscriptions.making import payment_id_of
from services.payments.subscriptions.models import BilledLine, SubscriptionPeriod
from services.payments.subscriptions.new_models import Made, NewPeriod
from services.payments.subscriptions.settling_repository import Payer

REASON: Final = "what changes of the last period have made due"


def last_made(last: SubscriptionPeriod, lines: Sequence[BilledLine], invoice: Invoice, payer: Payer) -> Made:
    """last: the last period that was billed. The rest has a day of its own, on which no other period can begin any more."""
    total = invoice.total_minor
    fault = payer.fault or amount_fault(payer.max_amount_minor, payer.label, total) if payer.method_id is not None else None
    payment = _payment(last, invoice, payer) if total and payer.method_id is not None and fault is None else None
    period = NewPeriod(
        subscription_id=last.subscription_id,
        start_on=payer.ended_on,
        end_on=payer.ended_on + timedelta(days=1),
        organization_id=last.organization_id,
        customer_id=last.customer_id,
        legal_entity_id=invoice.legal_entity_id,
        plan_version_id=last.plan_version_id,
        quantity=last.quantity,
        status="open" if total else "paid",
        reason=REASON,
        currency=invoice.currency,
        lines=[asdict(line) for line in lines],
        place_of_supply=invoice.place_of_supply,
        supply_kind=invoice.supply_kind,
        taxable_minor=invoice.taxable_minor,
        tax_minor=invoice.charged_tax_minor,
        round_off_minor=invoice.round_off_minor,
        total_minor=total,
        order_id=None,
        payment_id=payment.id if payment is not None else None,
        taken={},
    )
    is_debit = payment is not None and needs_notice(payer.gateway, payer.kind, invoice.currency)
    return Made(period, None, payment, fault if total else None, needs_notice=is_debit)


def _payment(last: SubscriptionPeriod, invoice: Invoice, payer: Payer) -> NewPayment:
    assert payer.gateway is not None, "a method that can be charged is at a gateway"
    assert payer.account is not None, "as above"
    return NewPayment(
        id=payment_id_of(last.subscription_id, payer.ended_on),
        organization_id=last.organization_id,
        customer_id=last.customer_id,
        order_id=None,
        invoice_id=None,
        subscription_id=last.subscription_id,
        period_start=payer.ended_on,
        gateway=payer.gateway,
        account=payer.account,
        payment_method_id=payer.method_id,
        currency=invoice.currency,
        amount_minor=invoice.total_minor,
        expires_at=None,
    )
