"""Stripe's client against its stand-in: whole flows over real sockets, and every way in which an answer can get lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Declined, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.declines import DeclineKind, NextAction
from services.payments.gateways.facts import OrderStatus, PaymentFact, PaymentStatus, RefundStatus, TokenStatus
from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, OrderRequest, RefundRequest
from services.payments.tests.gateways.arrange import RECEIPT, stripe_at
from services.payments.tests.gateways.stand_in import LOST, StandIn, fact, stand_in


@pytest_asyncio.fixture
async def stripe(redis: Redis) -> AsyncIterator[StandIn]:
    async with stand_in("stripe", stripe_at, redis, {"secret_key": "sk_test_sandbox"}, "whsec_sandbox") as found:
        yield found


async def charge_of(
    stripe: StandIn, amount_minor: int = 150_000, receipt: str = RECEIPT, card: str = "pm_card_visa"
) -> ChargeRequest:
    """A charge on a stored card; the last three digits of its amount decide what becomes of it."""
    customer = fact(await stripe.gateway.create_customer(CustomerRequest("payments.customer:7", "Ann", "ann@example.com")))
    attached = await stripe.outside.post(
        f"/stripe/v1/payment_methods/{card}/attach",
        data={"customer": customer.customer_id},
        headers={"Authorization": "Bearer sk_test_sandbox"},
    )
    return ChargeRequest(receipt, None, amount_minor, "INR", customer.customer_id, attached.json()["id"])


async def test_stored_card_is_charged_without_its_customer_and_told_of(stripe: StandIn) -> None:
    payment = fact(await stripe.gateway.charge(await charge_of(stripe)))
    order = fact(await stripe.gateway.order(payment.payment_id))

    assert (payment.status, payment.captured_minor, payment.receipt) == (PaymentStatus.CAPTURED, 150_000, RECEIPT)
    assert (payment.fee_minor, payment.tax_minor, payment.method, payment.bank) == (3540, 540, "card", "visa")
    assert (order.status, order.paid_minor, order.receipt) == (OrderStatus.PAID, 150_000, RECEIPT)
    events = {event.name: event.facts for event in await stripe.events(4)}
    (told,) = events["payment_intent.succeeded"]
    assert isinstance(told, PaymentFact)
    assert (told.payment_id, told.status, told.captured_minor) == (payment.payment_id, PaymentStatus.CAPTURED, 150_000)


async def test_same_receipt_is_the_same_charge_and_another_amount_is_refused(stripe: StandIn) -> None:
    request = await charge_of(stripe)
    first, again = await stripe.gateway.charge(request), await stripe.gateway.charge(request)
    other = await stripe.gateway.charge(replace(request, amount_minor=160_000))

    assert fact(first).payment_id == fact(again).payment_id
    assert (type(other), getattr(other, "why", None)) == (Refused, Refusal.INVALID)


async def test_declined_charge_brings_its_payment_and_its_reason(stripe: StandIn) -> None:
    await stripe.faults({"action": "decline", "reason": "insufficient_funds"})
    answer = await stripe.gateway.charge(await charge_of(stripe))

    assert isinstance(answer, Declined)
    assert (answer.decline.reason, answer.decline.kind) == ("insufficient_funds", DeclineKind.LATER)
    assert answer.fact is not None
    found = fact(await stripe.gateway.payment(answer.fact.payment_id))
    assert (found.status, found.receipt, found.decline) == (PaymentStatus.FAILED, RECEIPT, answer.decline)


async def test_declined_card_from_india_is_its_holders_to_try_again(stripe: StandIn) -> None:
    await stripe.faults({"action": "decline", "reason": "insufficient_funds"})
    answer = await stripe.gateway.charge(await charge_of(stripe, card="pm_card_in"))

    assert isinstance(answer, Declined)
    assert (answer.decline.reason, answer.decline.kind) == ("insufficient_funds", DeclineKind.ASK_CUSTOMER)
    assert answer.fact is not None
    assert fact(await stripe.gateway.payment(answer.fact.payment_id)).decline == answer.decline


async def test_bank_that_wants_the_customer_is_no_error_of_ours(stripe: StandIn) -> None:
    await stripe.faults({"action": "decline", "reason": "authentication_required"})
    answer = await stripe.gateway.charge(await charge_of(stripe))

    assert isinstance(answer, Declined)
    assert (answer.decline.kind, answer.decline.next_action) == (DeclineKind.ASK_CUSTOMER, NextAction.AUTHENTICATE)


async def test_authorization_is_captured_or_given_up(stripe: StandIn, redis: Redis) -> None:
    url = f"{stripe.outside.base_url}/stripe".replace("//stripe", "/stripe")
    manual = stripe_at(url, redis, secret_key="sk_test_sandbox", capture=False)
    kept = fact(await manual.charge(await charge_of(stripe)))
    dropped = fact(await manual.charge(await charge_of(stripe, receipt="attempt-0000000002")))
    captured = fact(await manual.capture(kept.payment_id, 150_000, "INR"))
    again = await manual.capture(kept.payment_id, 150_000, "INR")
    cancelled = fact(await manual.cancel(dropped.payment_id))
    await manual.close()

    assert (kept.status, kept.captured_minor) == (PaymentStatus.AUTHORIZED, 0)
    assert (captured.status, captured.captured_minor) == (PaymentStatus.CAPTURED, 150_000)
    assert (type(again), getattr(again, "why", None)) == (Refused, Refusal.STATE)
    assert (cancelled.status, cancelled.captured_minor, cancelled.refunded_minor) == (PaymentStatus.CANCELLED, 0, 0)


async def test_refund_is_made_once_per_receipt_and_never_above_what_is_left(stripe: StandIn) -> None:
    payment = fact(await stripe.gateway.charge(await charge_of(stripe)))
    asked = RefundRequest("refund-0000000001", payment.payment_id, 50_000, "INR")
    first, again = await stripe.gateway.refund(asked), await stripe.gateway.refund(asked)
    above = await stripe.gateway.refund(replace(asked, receipt="refund-0000000002", amount_minor=100_001))
    rest = await stripe.gateway.refund(replace(asked, receipt="refund-0000000003", amount_minor=100_000))

    assert fact(first) == fact(again)
    assert (type(above), getattr(above, "why", None)) == (Refused, Refusal.STATE)
    listed = fact(await stripe.gateway.refunds_of_payment(payment.payment_id))
    assert [one.refund_id for one in listed] == [fact(first).refund_id, fact(rest).refund_id]
    assert fact(await stripe.gateway.refund_by_id(fact(first).refund_id)).status is RefundStatus.PROCESSED
    after = fact(await stripe.gateway.payment(payment.payment_id))
    assert (after.status, after.captured_minor, after.refunded_minor) == (PaymentStatus.REFUNDED, 150_000, 150_000)


async def test_stored_card_is_listed_until_it_is_forgotten(stripe: StandIn) -> None:
    request = await charge_of(stripe)
    (token,) = fact(await stripe.gateway.tokens(request.customer_id))
    deleted = [await stripe.gateway.delete_token(request.customer_id, request.token_id) for _ in range(2)]
    after = fact(await stripe.gateway.token(request.customer_id, request.token_id))

    assert (token.token_id, token.status, token.last4) == (request.token_id, TokenStatus.CONFIRMED, "4242")
    assert deleted == [Answered(None)] * 2
    assert after.status is TokenStatus.CANCELLED
    assert fact(await stripe.gateway.tokens(request.customer_id)) == []


async def test_charge_whose_answer_was_lost_is_made_once_and_found_by_its_receipt(stripe: StandIn) -> None:
    for number, fault in enumerate(LOST):
        await stripe.faults()
        request = await charge_of(stripe, receipt=f"attempt-000000000{number}")
        began = datetime.now(UTC)
        await stripe.faults({**fault, "operation": "payment_intents.create"})
        answer = await stripe.hasty.charge(request)
        await stripe.faults()
        (order,) = fact(await stripe.gateway.orders_by_receipt(request.receipt, began))
        (payment,) = fact(await stripe.gateway.payments_of_order(order.order_id))

        # Where no reply came at all, the client has repeated the call itself.
        assert isinstance(answer, Unknown) or fact(answer).payment_id == payment.payment_id
        assert (payment.status, payment.captured_minor) == (PaymentStatus.CAPTURED, 150_000)


async def test_order_for_a_page_has_the_secret_with_which_it_confirms(stripe: StandIn) -> None:
    order = fact(await stripe.gateway.create_order(OrderRequest(RECEIPT, 150_000, "INR", notes={"order": "O-1"})))

    assert (order.status, order.paid_minor, order.receipt) == (OrderStatus.CREATED, 0, RECEIPT)
    assert (order.client_secret or "").startswith(order.order_id)


async def test_account_that_is_throttled_has_done_nothing(stripe: StandIn) -> None:
    request = await charge_of(stripe)
    await stripe.faults({"action": "rate_limit", "seconds": 7, "operation": "payment_intents.create"})
    throttled = await stripe.gateway.charge(request)

    assert (type(throttled), getattr(throttled, "retry_after_s", None)) == (Unavailable, 7.0)


async def test_payout_and_its_lines_agree_to_the_paisa(stripe: StandIn) -> None:
    payment = fact(await stripe.gateway.charge(await charge_of(stripe)))
    refund = fact(await stripe.gateway.refund(RefundRequest("refund-0000000001", payment.payment_id, 50_000, "INR")))
    made: Any = await stripe.do("/payouts", older_than_days=0)
    settlement = fact(await stripe.gateway.settlement(made["payouts"][0]["id"]))
    items = fact(await stripe.gateway.reports.settlement_items(settlement.occurred_at.date())).items

    lines = {one.entity_id: one for one in items}
    assert lines.keys() == {payment.payment_id, refund.refund_id}
    assert (lines[payment.payment_id].credit_minor, lines[payment.payment_id].fee_minor) == (150_000 - 3540, 3540)
    assert lines[payment.payment_id].order_receipt == RECEIPT
    assert (lines[refund.refund_id].debit_minor, lines[refund.refund_id].payment_id) == (50_000, payment.payment_id)
    assert sum(one.credit_minor - one.debit_minor for one in items) == settlement.amount_minor
    assert {one.utr for one in items} == {settlement.utr}
