"""A bank's yes that comes late is taken only where the money is still due."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from services.payments import invoice_deps, payment_deps
from services.payments.attempts.models import Begin
from services.payments.attempts.repository import AttemptRepository
from services.payments.payments.models import NewPayment
from services.payments.payments.telling import Told
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.tests.invoices.arrange import CUSTOMER, issued, seller
from services.payments.tests.payments.arrange import NOON, OURS, have_customer, have_order, have_payment, pay, rows
from shared.contracts.message import Command
from shared.contracts.payments import CapturePayment, ReleasePayment
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import assert_nothing_published, assert_published, published


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


FIRST, SECOND = pay("authorized", "pay_2", minutes=1), pay("authorized", "pay_1", minutes=2)
"""The earlier one has the greater id."""
OPEN_CASES = "SELECT kind, entity_id FROM cases WHERE state = 'open' ORDER BY 1, 2"
STATE = "SELECT status, gateway_payment_id FROM payments"


async def _told(session: Session, facts: Sequence[Told]) -> tuple[Any, Any]:
    """Where a payment stands once all of these are told, one after the other."""
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)
    for one in facts:
        await payment_deps.gateway_facts(session, lambda: NOON).apply([one])
    return await rows(session, STATE), await rows(session, OPEN_CASES)


@pytest.mark.parametrize("order", list(permutations((FIRST, SECOND, pay("failed", "pay_0")))))
async def test_of_two_authorizations_the_earlier_is_taken_whichever_is_told_first_and_the_other_is_a_case(
    session: Session, order: Sequence[Told]
) -> None:
    assert await _told(session, order) == ([("authorized", "pay_2")], [("surplus_authorization", "pay_1")])

    assert len(await published(session, CapturePayment)) in (1, 2)
    await assert_nothing_published(session, ReleasePayment)


@pytest.mark.parametrize("order", list(permutations((FIRST, SECOND, pay("captured", "pay_2", minutes=3)))))
async def test_second_authorization_of_a_payment_that_is_paid_is_a_case(session: Session, order: Sequence[Told]) -> None:
    assert await _told(session, order) == ([("captured", "pay_2")], [("surplus_authorization", "pay_1")])

    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("refunded", "pay_1", minutes=9)])
    assert await rows(session, OPEN_CASES) == []


async def test_authorization_that_is_being_taken_stays_it_though_an_earlier_one_is_told_of(session: Session) -> None:
    await _told(session, [SECOND])
    ((payment, amount),) = await rows(session, "SELECT id, amount_minor FROM payments")
    attempt = Begin(uuid7(), payment, "capture", amount, gateway_payment_id="pay_1")
    await AttemptRepository(session).begin([attempt], NOON)

    await payment_deps.gateway_facts(session, lambda: NOON + timedelta(minutes=3)).apply([FIRST])

    assert await rows(session, STATE) == [("authorized", "pay_1")]
    assert await rows(session, OPEN_CASES) == [("surplus_authorization", "pay_2")]
    assert len(await published(session, CapturePayment)) == 1


async def test_authorization_after_one_that_was_given_up_is_decided_at_once(session: Session) -> None:
    await _told(session, [FIRST])
    ((payment, amount),) = await rows(session, "SELECT id, amount_minor FROM payments")
    attempt = Begin(uuid7(), payment, "cancel", amount, gateway_payment_id="pay_2")
    await AttemptRepository(session).begin([attempt], NOON)

    await payment_deps.gateway_facts(session, lambda: NOON + timedelta(minutes=3)).apply([SECOND])

    assert await rows(session, STATE) == [("authorized", "pay_1")]
    assert len(await published(session, CapturePayment)) == 2
