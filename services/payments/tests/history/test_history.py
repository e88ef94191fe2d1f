"""What happened to refunds, plans, periods, dunning, offers and disputes is written down, and goes no way that is not allowed."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.payments import payment_deps
from services.payments.gateways.facts import DisputeFact, DisputeStatus
from services.payments.payments.telling import Told
from services.payments.tests.payments.arrange import (
    NOON,
    OURS,
    TOTAL,
    give,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from services.payments.tests.shop import THEIRS
from shared.runtime.db import Session
from shared.testing.service import ApiClient


async def _paid(session: Session) -> UUID:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    await _apply(session, pay("captured"))
    return payment.id


async def _apply(session: Session, told: Told) -> None:
    await payment_deps.gateway_facts(session, lambda: NOON).apply([told])


async def _history(client: ApiClient, subject: str, key: Any, **query: Any) -> list[tuple[Any, ...]]:
    answer = await client.get(f"/v1/history/{subject}/{key}", params=query)
    assert answer.status_code == 200, answer.text
    return [(one["from_status"], one["to_status"], one["actor"], one["reason"]) for one in reversed(answer.json()["items"])]


async def test_refund_tells_who_asked_who_approved_and_how_far_it_came(client: ApiClient, session: Session) -> None:
    payment = await _paid(session)
    ada, ben = (client.as_role("admin", organization_id=OURS, subject=name) for name in ("ada", "ben"))
    await ada.put("/v1/payment-settings", json={"approve_refunds_above_minor": 1000})
    body, key = {"reason": "damaged"}, {"Idempotency-Key": str(uuid4())}
    refund = (await ada.post(f"/v1/payments/{payment}/refunds", json=body, headers=key)).json()
    assert (await ben.post(f"/v1/refunds/{refund['id']}/approve", headers={"Idempotency-Key": "1"})).status_code == 200
    await _apply(session, give("failed", receipt=refund["id"]))
    await _apply(session, give("processed", receipt=refund["id"]))

    found = await _history(ada, "refund", refund["id"])

    by_ada, by_ben = found[0][2], found[1][2]
    assert ("ada" in by_ada, "ben" in by_ben) == (True, True)
    assert found == [
        ("", "awaiting_approval", by_ada, "damaged"),
        ("awaiting_approval", "requested", by_ben, None),
        ("requested", "failed", "system:payments", "the gateway could not give it back"),
        ("failed", "processed", "system:payments", None),
    ]
    others = client.as_role("admin", organization_id=THEIRS)
    assert await _history(others, "refund", refund["id"]) == []


async def test_dispute_is_followed_from_the_gateways_first_word(client: ApiClient, session: Session) -> None:
    await _paid(session)
    for status in ("open", "lost", "open"):
        fact = DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus(status), TOTAL, "INR", TOTAL, "fraud", None, NOON)
        await _apply(session, Told("razorpay", fact))
    ((key,),) = await rows(session, "SELECT id FROM disputes")

    found = await _history(client.as_role("viewer", organization_id=OURS), "dispute", key)

    steps = [(was, is_) for was, is_, _, _ in found]
    assert (steps[0], steps[-1], {actor for _, _, actor, _ in found}) == (("", "open"), ("open", "lost"), {"gateway:razorpay"})


async def test_period_is_named_by_its_first_day_and_nothing_else_is(client: ApiClient) -> None:
    us = client.as_role("viewer", organization_id=OURS)
    assert await _history(us, "period", uuid4(), start_on="2026-03-01") == []
    for path, query in (("period", {}), ("refund", {"start_on": "2026-03-01"})):
        answer = await us.get(f"/v1/history/{path}/{uuid4()}", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_part")


SKIPS = {
    "refunds": "UPDATE refunds SET status = 'awaiting_approval' RETURNING 1",
    "disputes": "UPDATE disputes SET rank = 1 RETURNING 1",
    "history": "UPDATE state_changes SET actor = 'me' RETURNING 1",
}


@pytest.mark.parametrize("what", SKIPS)
async def test_step_that_is_not_allowed_is_refused_whoever_takes_it(session: Session, what: str) -> None:
    await _paid(session)
    await _apply(session, give("processed", amount=100))
    fact = DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus("won"), 100, "INR", 0, "fraud", None, NOON)
    await _apply(session, Told("razorpay", fact))

    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(text(SKIPS[what]))
