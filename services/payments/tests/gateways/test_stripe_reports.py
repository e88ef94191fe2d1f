"""What Stripe says of stored methods and of money on its way to us."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Refusal, Refused
from services.payments.gateways.facts import SettlementFact, TokenStatus
from services.payments.tests.gateways import stripe_wire as wire
from services.payments.tests.gateways.arrange import NOW, RECEIPT, scripted, stripe_at
from services.payments.tests.gateways.test_stripe import answer_of


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, TokenStatus.CONFIRMED),
        ({"customer": None}, TokenStatus.CANCELLED),
        ({"card": {"brand": "visa", "last4": "4242", "exp_month": 2, "exp_year": 2026}}, TokenStatus.EXPIRED),
        ({"card": {"brand": "visa", "last4": "4242", "exp_month": 3, "exp_year": 2026}}, TokenStatus.CONFIRMED),
    ],
)
async def test_token_may_be_charged_while_it_is_attached_and_its_card_holds(
    changed: dict[str, Any], status: TokenStatus, redis: Redis
) -> None:
    card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}
    method = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_1", "card": card, **changed}
    answer = await answer_of(lambda gateway: gateway.token("cus_1", "pm_1"), redis, (200, method))

    assert (answer.fact.status, answer.fact.network, answer.fact.last4) == (status, "visa", "4242")


async def test_token_of_another_customer_is_none_of_theirs(redis: Redis) -> None:
    method = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_2"}
    answer = await answer_of(lambda gateway: gateway.token("cus_1", "pm_1"), redis, (200, method))

    assert (type(answer), answer.why) == (Refused, Refusal.NOT_FOUND)


async def test_settlement_is_a_payout(redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.settlement("po_1"), redis, (200, wire.payout()))

    assert answer == Answered(SettlementFact("stripe", "po_1", "paid", 96_460, "INR", 0, 0, "U1", NOW))


async def test_lines_of_a_day_are_those_of_the_payouts_that_arrived(redis: Redis) -> None:
    refunded = wire.transaction(
        id="txn_2", amount=-50_000, fee=0, net=-50_000, type="refund", reporting_category="refund", source=wire.refund()
    )
    dispute = wire.transaction(
        id="txn_3",
        amount=-1000,
        net=-2500,
        fee=1500,
        reporting_category="dispute",
        source={"id": "dp_1", "payment_intent": "pi_9"},
    )
    fee = wire.transaction(id="txn_4", amount=-10, net=-10, fee=0, type="stripe_fee", reporting_category="fee", source=None)
    itself = wire.transaction(id="txn_5", amount=-96_460, net=-96_460, fee=0, type="payout", reporting_category="payout")
    lines = wire.page(wire.transaction(source=wire.charge()), refunded, dispute, fee, itself)
    async with scripted(stripe_at, redis) as script:
        script.say((200, wire.page(wire.payout())), (200, lines))
        answer = await script.gateway.reports.settlement_items(date(2026, 3, 3))

    assert isinstance(answer, Answered)
    assert script.lines[1] == "GET /v1/balance_transactions?payout=po_1&expand%5B%5D=data.source&limit=100"
    assert [
        (one.kind, one.entity_id, one.payment_id, one.credit_minor, one.debit_minor, one.fee_minor) for one in answer.fact.items
    ] == [
        ("payment", "pi_1", "pi_1", 146_460, 0, 3540),
        ("refund", "re_1", "pi_1", 0, 50_000, 0),
        ("dispute", "dp_1", "pi_9", 0, 2500, 1500),
        ("fee", "txn_4", None, 0, 10, 0),
    ]
    first = answer.fact.items[0]
    assert (first.settlement_id, first.utr, first.order_receipt, first.tax_minor) == ("po_1", "U1", RECEIPT, 540)
    assert first.settled_at == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
