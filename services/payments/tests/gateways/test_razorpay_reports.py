"""What Razorpay says of stored methods, of money on its way to us, and of what fails at present."""

from typing import Any

import pytest
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered
from services.payments.gateways.facts import SettlementFact, TokenStatus
from services.payments.tests.gateways import wire
from services.payments.tests.gateways.arrange import NOW
from services.payments.tests.gateways.test_razorpay import answer_of

TOKEN = {
    "id": "token_1",
    "method": "card",
    "card": {"last4": "8950", "network": "Visa", "name": "Ann"},
    "recurring_details": {"status": "confirmed", "failure_reason": None},
    "max_amount": 1_500_000,
    "expired_at": wire.AT + 86_400,
}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, TokenStatus.CONFIRMED),
        ({"expired_at": wire.AT}, TokenStatus.EXPIRED),
        ({"expired_at": None}, TokenStatus.CONFIRMED),
        ({"recurring_details": {"status": "paused"}}, TokenStatus.PAUSED),
        ({"recurring_details": {"status": "rejected", "failure_reason": "bank said no"}}, TokenStatus.REJECTED),
        ({"recurring_details": []}, TokenStatus.INITIATED),
    ],
)
async def test_token_says_whether_it_may_be_charged(changed: dict[str, Any], status: TokenStatus, redis: Redis) -> None:
    one = await answer_of(lambda gateway: gateway.token("cust_1", "token_1"), redis, (200, {**TOKEN, **changed}))
    all_ = await answer_of(lambda gateway: gateway.tokens("cust_1"), redis, (200, wire.collection({**TOKEN, **changed})))

    assert all_.fact == [one.fact]
    assert (one.fact.status, one.fact.customer_id, one.fact.network, one.fact.last4, one.fact.max_minor) == (
        status,
        "cust_1",
        "Visa",
        "8950",
        1_500_000,
    )


async def test_token_that_is_gone_already_is_deleted(redis: Redis) -> None:
    gone = (400, wire.error("The id provided does not exist"))
    for reply in ((200, {"deleted": True}), gone):
        answer = await answer_of(lambda gateway: gateway.delete_token("cust_1", "token_1"), redis, reply)
        assert answer == Answered(None)


async def test_settlement_is_in_rupees_and_names_its_utr(redis: Redis) -> None:
    said = {"id": "setl_1", "amount": 97_100, "status": "processed", "fees": 2900, "tax": 442, "utr": "U1", "created_at": wire.AT}
    answer = await answer_of(lambda gateway: gateway.settlement("setl_1"), redis, (200, said))

    assert answer == Answered(SettlementFact("razorpay", "setl_1", "processed", 97_100, "INR", 2900, 442, "U1", NOW))


async def test_downtime_names_the_instrument_that_fails(redis: Redis) -> None:
    said = {"id": "down_1", "method": "netbanking", "begin": wire.AT, "end": None, "status": "started", "severity": "high"}
    rows = [{**said, "instrument": {"bank": "COSB"}}, {**said, "instrument": {"vpa_handle": "ALL"}, "scheduled": True}]
    answer = await answer_of(lambda gateway: gateway.downtimes(), redis, (200, wire.collection(*rows)))

    assert [(one.instrument, one.is_scheduled, one.severity, one.ended_at) for one in answer.fact] == [
        ("COSB", False, "high", None),
        (None, True, "high", None),
    ]
