"""A bank's yes that comes late is taken only where the money is still due."""

import pytest

from services.payments import invoice_deps, payment_deps
from services.payments.payments.models import NewPayment
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.tests.invoices.arrange import CUSTOMER, issued, seller
from services.payments.tests.payments.arrange import NOON, OURS, pay, rows
from shared.contracts.message import Command
from shared.contracts.payments import CapturePayment, ReleasePayment
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import assert_nothing_published, assert_published


@pytest.mark.parametrize(("paid_minor", "command"), [(0, CapturePayment), (1, ReleasePayment)])
async def test_late_yes_for_an_invoice_is_taken_only_while_so_much_of_it_is_due(
    session: Session, paid_minor: int, command: type[Command]
) -> None:
    await seller(session)
    invoice = await issued(session)
    total = invoice.balance_minor
    new = NewPayment(uuid7(), OURS, CUSTOMER, None, invoice.id, None, None, "razorpay", "razorpay", None, "INR", total, None)
    await PaymentRepository(session).insert([new], by="test", at=NOON)
    await rows(session, "UPDATE payments SET gateway_order_id = 'order_1' RETURNING 1")
    facts = payment_deps.gateway_facts(session, lambda: NOON)
    await facts.apply([pay("failed", amount_minor=total)])
    if paid_minor:
        await invoice_deps.invoice_payments(session).apply(invoice.id, paid_minor, uuid7(), NOON)

    await facts.apply([pay("authorized", minutes=5, amount_minor=total)])

    await assert_published(session, command, payment_id=new.id)
    await assert_nothing_published(session, ReleasePayment if command is CapturePayment else CapturePayment)
