"""Refunds: never more than was captured, made once, and taken back where the gateway does not make them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.gateways.facts import DisputeFact, DisputeStatus
from services.payments.payments.telling import Told
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import (
    CHECK,
    NOON,
    OURS,
    TOTAL,
    balances,
    give,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from shared.contracts.payments import ExecuteRefund, ExecuteRefundPlan, RefundMade, ResolveUnknownPayments
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

PAID = {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}
STRANGE = text("""
    INSERT INTO disputes (id, gateway, account, gateway_dispute_id, gateway_payment_id, rank, amount_minor, deducted_minor,
                          currency, opened_at)
    VALUES (gen_random_uuid(), 'razorpay', 'razorpay', 'disp_1', 'pay_1', 1, 100, 0, 'INR', now())
""")
"""About a payment that nobody knows."""
STATE = "SELECT payments.status, payments.refunded_minor, orders.refunded_minor FROM payments JOIN orders ON orders.id = order_id"


async def _paid(session: Session, gateway: GatewayStandIn) -> Any:
    customer = await have_customer(session)
    made = await gateway.make_order(TOTAL, capture=True)
    payment = await have_payment(session, await have_order(session, customer), customer, gateway_order=made)
    paid = await gateway.ask("POST", "/checkout", order_id=made)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("captured", paid["razorpay_payment_id"], order_id=made)])
    return payment


async def _ask(client: ApiClient, payment_id: UUID, amount: int | None = None) -> Any:
    body: dict[str, Any] = {"reason": "damaged"}
    if amount is not None:
        body["amount"] = {"amount_minor": amount, "currency": "INR"}
    answer = await client.post(f"/v1/payments/{payment_id}/refunds", json=body, headers={"Idempotency-Key": str(uuid4())})
    return answer.status_code, answer.json()


async def test_parts_are_refunded_once_each_and_never_more_than_was_captured_twice_run(
    client: ApiClient, session: Session, gateway: GatewayStandIn, run_task: TaskRunner
) -> None:
    us, payment = client.as_role("operator", organization_id=OURS), await _paid(session, gateway)

    status, refund = await _ask(us, payment.id, 5000)
    over = await _ask(us, payment.id, TOTAL - 4999)
    assert (status, refund["status"], over[0], over[1]["code"]) == (201, "requested", 409, "refund_above_captured")
    assert over[1]["refundable_minor"] == TOTAL - 5000
    # The answer to the first call is lost.
    await gateway.faults({"operation": "refunds.create", "action": "status_after_commit", "times": 1})
    message = ExecuteRefund(refund_id=UUID(refund["id"]))
    for _ in range(3):
        await run_task(message)
    _, rest = await _ask(us, payment.id)
    await run_task(ExecuteRefund(refund_id=UUID(rest["id"])))
    await session.execute(CHECK)

    assert [one for one in await gateway.movements() if one[0] == "refund"] == [("refund", 5000), ("refund", TOTAL - 5000)]
    assert await rows(session, STATE) == [("refunded", TOTAL, TOTAL)]
    assert await balances(session) == {}
    told = await published(session, RefundMade)
    assert [(one.amount.amount_minor, one.refunded_minor) for one in told] == [(5000, 5000), (TOTAL - 5000, TOTAL)]
    assert (await _ask(us, payment.id))[1]["code"] == "refund_above_captured"


async def test_refund_that_the_gateway_refuses_is_taken_back(
    client: ApiClient, session: Session, gateway: GatewayStandIn, run_task: TaskRunner
) -> None:
    us, payment = client.as_role("operator", organization_id=OURS), await _paid(session, gateway)
    _, refund = await _ask(us, payment.id)
    await gateway.faults({"operation": "refunds.create", "action": "status", "status": 400, "reason": "invalid_request"})

    assert (await run_task(ExecuteRefund(refund_id=UUID(refund["id"])))).outcome == "done"

    assert await rows(session, "SELECT status FROM refunds") == [("failed",)]
    assert await balances(session) == PAID
    await gateway.faults()
    assert (await _ask(us, payment.id))[0] == 201


async def test_refund_above_the_threshold_waits_for_somebody_else(
    client: ApiClient, session: Session, gateway: GatewayStandIn
) -> None:
    payment = await _paid(session, gateway)
    ada, ben = (client.as_role("admin", organization_id=OURS, subject=name) for name in ("ada", "ben"))
    put = await ada.put("/v1/payment-settings", json={"approve_refunds_above_minor": 1000})
    assert (put.status_code, (await ada.get("/v1/payment-settings")).json()["version"]) == (200, 1)

    _, refund = await _ask(ada, payment.id, 5000)
    await assert_nothing_published(session, ExecuteRefund)
    path, key = f"/v1/refunds/{refund['id']}", {"Idempotency-Key": "1"}
    own = await ada.post(f"{path}/approve", headers=key)
    approved = await ben.post(f"{path}/approve", headers=key)
    late = await ben.post(f"{path}/reject", headers=key)

    assert (refund["status"], own.json()["code"]) == ("awaiting_approval", "refund_needs_another")
    assert (approved.json()["status"], late.json()["code"]) == ("requested", "refund_state_forbids")
    await assert_published(session, ExecuteRefund, refund_id=UUID(refund["id"]))


async def test_plan_of_a_cancellation_is_carried_out_of_the_newest_payments_twice_run(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    us, order = client.as_role("operator", organization_id=OURS), await have_order(session, await have_customer(session))
    for amount in (5000, TOTAL - 5000):
        cash = {"order_id": str(order), "kind": "cash", "amount": {"amount_minor": amount, "currency": "INR"}}
        assert (await us.post("/v1/payments/offline", json=cash, headers={"Idempotency-Key": str(uuid4())})).status_code == 201
    plan = uuid7()
    await session.execute(
        text("INSERT INTO refund_plans VALUES (:id, :order, 3, 'INR', '[]', 0, :sum, :sum, 'planned', :at, 'ann')"),
        {"id": plan, "order": order, "sum": TOTAL - 1000, "at": NOON},
    )

    for _ in range(2):
        await run_task(ResolveUnknownPayments(slot=NOON))
    message = await assert_published(session, ExecuteRefundPlan, plan_id=plan)
    for _ in range(2):
        assert (await run_task(message)).outcome == "done"
    refunds = await rows(session, "SELECT id, amount_minor FROM refunds ORDER BY id")
    for refund_id, _amount in refunds:
        await run_task(ExecuteRefund(refund_id=refund_id))
    await session.execute(CHECK)

    assert [amount for _, amount in refunds] == [TOTAL - 5000, 4000]
    assert await rows(session, "SELECT status FROM refund_plans") == [("executed",)]
    assert await balances(session) == {"cash": 1000, "accounts_receivable": -1000}


@pytest.mark.parametrize(("path", "count"), [("/v1/refunds", 1), ("/v1/disputes", 0), ("/v1/payments", 1)])
async def test_lists_are_the_organizations_own(
    client: ApiClient, session: Session, path: str, count: int, gateway: GatewayStandIn
) -> None:
    await _ask(client.as_role("operator", organization_id=OURS), (await _paid(session, gateway)).id)

    theirs = await client.as_role("viewer", organization_id=uuid4()).get(path)
    ours = await client.as_role("viewer").get(path, params={"organization_id": str(OURS), "limit": "1"})

    assert (theirs.status_code, theirs.json()["items"]) == (200, [])
    assert (ours.status_code, len(ours.json()["items"])) == (200, count)


async def test_dispute_that_belongs_to_nobody_is_shown_to_no_organization(client: ApiClient, session: Session) -> None:
    await session.execute(STRANGE)

    bound = await client.as_role("viewer", organization_id=OURS).get("/v1/disputes")
    everybodys = await client.as_role("viewer").get("/v1/disputes")

    assert (bound.json()["items"], [one["gateway_dispute_id"] for one in everybodys.json()["items"]]) == ([], ["disp_1"])


async def test_surplus_that_is_refunded_is_no_credit_any_more(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    us, customer = client.as_role("operator", organization_id=OURS), await have_customer(session)
    orders = [await have_order(session, customer) for _ in range(2)]
    cash = {"order_id": str(orders[0]), "kind": "cash", "amount": {"amount_minor": TOTAL + 5000, "currency": "INR"}}
    paid = (await us.post("/v1/payments/offline", json=cash, headers={"Idempotency-Key": str(uuid4())})).json()

    whole = await _ask(us, paid["id"], TOTAL + 5000)
    refunds = [(await _ask(us, paid["id"]))[1] for _ in range(2)]
    over = await _ask(us, paid["id"], 1)
    for refund in refunds:
        await run_task(ExecuteRefund(refund_id=UUID(refund["id"])))
    used = await us.post(
        f"/v1/customers/{customer}/credit/use", json={"order_id": str(orders[1])}, headers={"Idempotency-Key": str(uuid4())}
    )
    await session.execute(CHECK)

    assert (whole[0], whole[1]["refundable_minor"]) == (409, TOTAL)
    assert [(one["amount_minor"], one["from_credit"]) for one in refunds] == [(TOTAL, False), (5000, True)]
    assert (over[1]["refundable_minor"], used.json()["code"]) == (0, "credit_too_small")
    assert await balances(session) == {}


async def test_credit_that_is_used_is_not_refunded_as_well(client: ApiClient, session: Session) -> None:
    us, customer = client.as_role("operator", organization_id=OURS), await have_customer(session)
    orders = [await have_order(session, customer) for _ in range(2)]
    cash = {"order_id": str(orders[0]), "kind": "cash", "amount": {"amount_minor": 2 * TOTAL, "currency": "INR"}}
    paid = (await us.post("/v1/payments/offline", json=cash, headers={"Idempotency-Key": str(uuid4())})).json()
    use = {"order_id": str(orders[1]), "amount_minor": TOTAL - 1000}
    key = {"Idempotency-Key": str(uuid4())}
    assert (await us.post(f"/v1/customers/{customer}/credit/use", json=use, headers=key)).status_code == 200

    first, rest, none = [await _ask(us, paid["id"]) for _ in range(3)]

    assert [one[1]["amount_minor"] for one in (first, rest)] == [TOTAL, 1000]
    assert (none[0], none[1]["code"]) == (409, "refund_above_captured")


async def test_what_a_bank_has_taken_in_a_dispute_is_not_given_back_as_well(session: Session, client: ApiClient) -> None:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    facts = payment_deps.gateway_facts(session, lambda: NOON)
    taken = DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus.OPEN, 5000, "INR", 5000, "fraud", None, NOON)
    await facts.apply([pay("captured"), Told("razorpay", taken)])

    over = await _ask(client.as_role("operator", organization_id=OURS), payment.id, TOTAL - 4999)

    assert (over[0], over[1]["refundable_minor"]) == (409, TOTAL - 5000)


async def test_credit_that_a_cancelled_order_was_paid_with_comes_back_twice_run(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    us, customer = client.as_role("operator", organization_id=OURS), await have_customer(session)
    orders = [await have_order(session, customer) for _ in range(2)]
    for order, amount in ((orders[0], 2 * TOTAL - 3000), (orders[1], 3000)):
        cash = {"order_id": str(order), "kind": "cash", "amount": {"amount_minor": amount, "currency": "INR"}}
        assert (await us.post("/v1/payments/offline", json=cash, headers={"Idempotency-Key": str(uuid4())})).status_code == 201
    use, key = {"order_id": str(orders[1])}, {"Idempotency-Key": str(uuid4())}
    assert (await us.post(f"/v1/customers/{customer}/credit/use", json=use, headers=key)).status_code == 200
    assert await rows(session, "SELECT status, paid_minor FROM orders WHERE id = :id", id=orders[1]) == [("paid", TOTAL)]
    etag = (await us.get(f"/v1/orders/{orders[1]}")).headers["ETag"]
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": etag}
    assert (await us.post(f"/v1/orders/{orders[1]}/cancellations", json={"reason": "late"}, headers=headers)).status_code == 201
    ((plan,),) = await rows(session, "SELECT id FROM refund_plans")

    for _ in range(2):
        await run_task(ExecuteRefundPlan(plan_id=plan))
    ((refund, amount),) = await rows(session, "SELECT id, amount_minor FROM refunds")
    await run_task(ExecuteRefund(refund_id=refund))
    await run_task(ExecuteRefundPlan(plan_id=plan))
    await session.execute(CHECK)

    assert amount == 3000
    assert await rows(session, "SELECT status FROM refund_plans") == [("executed",)]
    assert await rows(session, "SELECT sum(amount_minor)::int FROM customer_credits") == [(TOTAL - 3000,)]
    assert await rows(session, "SELECT refunded_minor FROM orders WHERE id = :id", id=orders[1]) == [(TOTAL,)]
    assert await balances(session) == {"cash": 2 * TOTAL - 3000, "customer_credit": 3000 - TOTAL, "accounts_receivable": -TOTAL}


async def test_second_success_that_the_gateway_gives_back_by_itself_is_no_credit_any_more(session: Session) -> None:
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)
    facts = payment_deps.gateway_facts(session, lambda: NOON)
    back = give("processed", payment_id="pay_2", receipt=None)

    for told in (pay("captured"), pay("captured", "pay_2", minutes=1), back, back):
        await facts.apply([told])
    await session.execute(CHECK)

    assert await rows(session, "SELECT from_credit, status FROM refunds") == [(True, "processed")]
    assert await rows(session, STATE) == [("partially_refunded", TOTAL, 0)]
    assert await rows(session, "SELECT sum(amount_minor)::int FROM customer_credits") == [(0,)]
    assert await balances(session) == PAID
