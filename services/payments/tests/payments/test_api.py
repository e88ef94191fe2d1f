"""Payments over HTTP, with a gateway over real sockets; each refusal has its code and changes nothing."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.gateways.facts import TokenFact, TokenStatus
from services.payments.payments.telling import Told
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import NOON, OURS, TOTAL, balances, have_customer, have_order, have_payment, rows
from shared.contracts.payments import KeepPaymentMethod, ResolvePayment
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_published
from shared.testing.service import ApiClient

STATE = (
    "SELECT payments.status, is_open, orders.payment_status, orders.paid_minor FROM payments JOIN orders ON orders.id = order_id"
)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def _us(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def _begin(client: ApiClient, order: UUID, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/payments", json={"order_id": str(order), **more}, headers=_key())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_order_is_paid_at_checkout_and_proved(client: ApiClient, session: Session, gateway: GatewayStandIn) -> None:
    us, order = _us(client), await have_order(session, await have_customer(session))
    key = _key()
    first = await us.post("/v1/payments", json={"order_id": str(order)}, headers=key)
    again = await us.post("/v1/payments", json={"order_id": str(order)}, headers=key)
    other = await _begin(us, order)
    checkout = first.json()
    assert (first.status_code, again.json(), other["gateway_order_id"]) == (201, checkout, checkout["gateway_order_id"])
    assert (checkout["public_key"], await rows(session, STATE)) == (
        "rzp_test_WaybillSandbx0",
        [("created", True, "processing", 0)],
    )

    shown = await gateway.ask("POST", "/checkout", order_id=checkout["gateway_order_id"])
    path = f"/v1/payments/{checkout['payment']['id']}"
    proof = {"gateway_payment_id": shown["razorpay_payment_id"], "signature": shown["razorpay_signature"]}
    forged = await us.post(f"{path}/verify", json={**proof, "signature": "0" * 64})
    assert (forged.status_code, forged.json()["code"]) == (422, "checkout_not_proved")
    assert await rows(session, STATE) == [("created", True, "processing", 0)]
    for _ in range(2):
        proved = await us.post(f"{path}/verify", json=proof)
        assert (proved.status_code, proved.json()["status"]) == (200, "captured")

    assert await rows(session, STATE) == [("captured", False, "paid", TOTAL)]
    assert await balances(session) == {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}
    timeline = (await us.get(f"{path}/timeline")).json()["items"]
    assert [one["to_status"] for one in timeline][-1] == "created"
    detail = (await us.get(path)).json()
    assert [(one["kind"], one["status"]) for one in detail["tries"]] == [("order", "succeeded")]
    assert (await client.as_role("operator", organization_id=uuid4()).get(path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": {"amount_minor": TOTAL + 1, "currency": "INR"}}, 422, "amount_above_due"),
        ({"amount": {"amount_minor": 0, "currency": "INR"}}, 422, "invalid_request"),
        ({"amount": {"amount_minor": -5, "currency": "INR"}}, 422, "invalid_request"),
        ({"amount": {"amount_minor": 10**15 + 1, "currency": "INR"}}, 422, "invalid_request"),
        ({"amount": {"amount_minor": 118.0, "currency": "INR"}}, 422, "invalid_request"),
        ({"amount": {"amount_minor": 99, "currency": "INR"}}, 422, "gateway_amount_refused"),
        ({"amount": {"amount_minor": 100, "currency": "USD"}}, 422, "currency_differs"),
        ({"amount": {"amount_minor": 100, "currency": "XYZ"}}, 422, "invalid_request"),
        ({"order_id": str(UUID(int=1))}, 422, "nothing_to_pay"),
        ({"invoice_id": str(UUID(int=1))}, 422, "invalid_request"),
        ({"gateway": "stripe"}, 409, "gateway_not_set_up"),
    ],
)
async def test_what_cannot_be_paid_is_refused(
    client: ApiClient, session: Session, gateway: GatewayStandIn, change: dict[str, Any], status: int, code: str
) -> None:
    order = await have_order(session, await have_customer(session))

    refused = await _us(client).post("/v1/payments", json={"order_id": str(order), **change}, headers=_key())

    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert await rows(session, "SELECT id FROM payments") == []
    assert (await gateway.api("/orders"))["items"] == []


@pytest.mark.parametrize("sql", ["status = 'cancelled', cancelled_at = now()", "paid_minor = total_minor, status = 'paid'"])
async def test_paid_or_cancelled_order_is_not_paid(
    client: ApiClient, session: Session, gateway: GatewayStandIn, sql: str
) -> None:
    order = await have_order(session, await have_customer(session))
    await session.execute(text(f"UPDATE orders SET {sql}, version = version + 1"))  # noqa: S608 - the test's own words

    refused = await _us(client).post("/v1/payments", json={"order_id": str(order)}, headers=_key())

    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_due")
    assert (await gateway.api("/orders"))["items"] == []


async def test_two_who_pay_different_parts_at_once_are_told_apart(
    client: ApiClient, session: Session, gateway: GatewayStandIn
) -> None:
    us, order = _us(client), await have_order(session, await have_customer(session))
    part = {"amount": {"amount_minor": 5000, "currency": "INR"}}
    begun = await _begin(us, order, **part)

    refused = await us.post("/v1/payments", json={"order_id": str(order)}, headers=_key())
    cash = {"order_id": str(order), "kind": "cash", "amount": {"amount_minor": 10, "currency": "INR"}}
    counted = await us.post("/v1/payments/offline", json=cash, headers=_key())

    assert (refused.status_code, refused.json()["code"]) == (409, "already_being_paid")
    assert refused.json()["payment_id"] == begun["payment"]["id"]
    assert counted.json()["code"] == "already_being_paid"
    cancelled = await us.post(f"/v1/payments/{begun['payment']['id']}/cancel", headers=_key())
    assert (cancelled.json()["status"], await rows(session, STATE)) == ("cancelled", [("cancelled", False, "unpaid", 0)])
    assert len((await gateway.api("/orders"))["items"]) == 1


async def test_answer_that_is_lost_is_asked_for_by_the_next_request(
    client: ApiClient, session: Session, gateway: GatewayStandIn
) -> None:
    us, order, key = _us(client), await have_order(session, await have_customer(session)), _key()
    rule = {"action": "status_after_commit", "operation": "orders.create", "times": 1}
    await gateway.faults(rule, {"action": "status", "status": 500, "operation": "orders.list", "times": 1})

    lost = await us.post("/v1/payments", json={"order_id": str(order)}, headers=key)
    assert (lost.status_code, lost.json()["code"]) == (503, "outcome_unknown")
    found = await _begin(us, order)

    (made,) = (await gateway.api("/orders"))["items"]
    assert found["gateway_order_id"] == made["id"]


async def test_gateway_that_is_away_leaves_the_order_to_the_next_request(
    client: ApiClient, session: Session, gateway: GatewayStandIn
) -> None:
    us, order = _us(client), await have_order(session, await have_customer(session))
    await gateway.faults({"action": "rate_limit", "operation": "orders.create", "times": 1, "seconds": 0})

    away = await us.post("/v1/payments", json={"order_id": str(order)}, headers=_key())

    assert (away.status_code, away.json()["code"]) == (503, "gateway_unavailable")
    assert await rows(session, "SELECT kind, status FROM payment_attempts") == [("order", "unavailable")]


async def test_cash_pays_a_part_and_more_than_is_due_is_credit(client: ApiClient, session: Session) -> None:
    us, customer = _us(client), await have_customer(session)
    order = await have_order(session, customer)
    cash = {"order_id": str(order), "kind": "cash", "amount": {"amount_minor": 5000, "currency": "INR"}}

    part = await us.post("/v1/payments/offline", json=cash, headers=_key())
    cheque = {**cash, "kind": "cheque", "reference": "000123", "amount": {"amount_minor": TOTAL, "currency": "INR"}}
    unclear = await us.post("/v1/payments/offline", json=cheque, headers=_key())
    waiting = await us.post("/v1/payments/offline", json={**cheque, "clearing": "waiting"}, headers=_key())
    path = f"/v1/payments/{waiting.json()['id']}/clearing"
    bounced = await us.post(path, json={"clearing": "bounced"}, headers=_key())
    rest = await us.post("/v1/payments/offline", json={**cheque, "clearing": "cleared"}, headers=_key())
    over = await us.post("/v1/payments/offline", json=cash, headers=_key())

    statuses = [one.json().get("status") for one in (part, waiting, bounced, rest)]
    assert statuses == ["captured", "processing", "failed", "captured"]
    assert (unclear.status_code, unclear.json()["code"]) == (422, "offline_payment_refused")
    assert (over.status_code, over.json()["code"]) == (409, "nothing_due")
    expected = {"cash": 5000, "bank": TOTAL, "accounts_receivable": -TOTAL, "customer_credit": -5000}
    assert await balances(session) == expected
    assert (await us.get(f"/v1/customers/{customer}/credit")).json() == [{"currency": "INR", "balance_minor": 5000}]

    another = await have_order(session, customer)
    used = await us.post(f"/v1/customers/{customer}/credit/use", json={}, headers=_key())
    none = await us.post(f"/v1/customers/{customer}/credit/use", json={}, headers=_key())
    assert used.status_code == 200, used.text
    assert [(one["order_id"], one["amount_minor"]) for one in used.json()] == [(str(another), -5000)]
    assert none.json()["code"] == "credit_too_small"
    assert (await balances(session)).get("customer_credit", 0) == 0
    assert await rows(session, "SELECT paid_minor FROM orders WHERE id = :id", id=another) == [(5000,)]


async def test_mandate_that_comes_with_a_payment_is_kept_and_forgotten(
    client: ApiClient, session: Session, gateway: GatewayStandIn
) -> None:
    us, customer = _us(client), await have_customer(session)
    mandate = {"method": "card", "max_amount_minor": 1_500_000, "expires_at": "2036-01-01T00:00:00Z"}
    checkout = await _begin(us, await have_order(session, customer), mandate=mandate)
    shown = await gateway.ask("POST", "/checkout", order_id=checkout["gateway_order_id"], method="card")
    proof = {"gateway_payment_id": shown["razorpay_payment_id"], "signature": shown["razorpay_signature"]}

    await us.post(f"/v1/payments/{checkout['payment']['id']}/verify", json=proof)

    (method,) = (await us.get(f"/v1/customers/{customer}/payment-methods")).json()
    assert (method["kind"], method["status"], method["label"]) == ("card", "confirmed", "Visa 1111")
    forgotten = await us.delete(f"/v1/payment-methods/{method['id']}")
    assert forgotten.json()["status"] == "cancelled"
    ((token,),) = await rows(session, "SELECT token FROM payment_methods")
    late = TokenFact("razorpay", token, None, TokenStatus.CONFIRMED, "card")
    await payment_deps.gateway_facts(session, lambda: NOON).apply([Told("razorpay", late)])
    assert await rows(session, "SELECT status FROM payment_methods") == [("cancelled",)]
    assert (
        await client.as_role("operator", organization_id=uuid4()).delete(f"/v1/payment-methods/{method['id']}")
    ).status_code == 404


async def test_mandate_of_a_payment_that_only_a_call_back_or_a_list_tells_of_is_kept_twice_run(
    client: ApiClient, session: Session, gateway: GatewayStandIn, run_task: TaskRunner
) -> None:
    us, customer = _us(client), await have_customer(session)
    mandate = {"method": "card", "max_amount_minor": 1_500_000, "expires_at": "2036-01-01T00:00:00Z"}
    checkout = await _begin(us, await have_order(session, customer), mandate=mandate)
    made = await gateway.ask("POST", "/checkout", order_id=checkout["gateway_order_id"], method="card")
    entity = await gateway.api(f"/payments/{made['razorpay_payment_id']}")

    for _ in range(2):
        assert (await run_task(ResolvePayment(payment_id=UUID(checkout["payment"]["id"])))).outcome == "done"
    command = await assert_published(session, KeepPaymentMethod, token_id=entity["token_id"])
    for _ in range(2):
        assert (await run_task(command)).outcome == "done"

    (method,) = (await us.get(f"/v1/customers/{customer}/payment-methods")).json()
    assert (method["kind"], method["status"], method["label"]) == ("card", "confirmed", "Visa 1111")
    assert method["max_amount_minor"] == 1_500_000


async def test_payment_that_has_no_such_thing_is_not_found_by_its_id(client: ApiClient, session: Session) -> None:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    us = _us(client)

    for name in ("customer_id", "order_id", "invoice_id", "subscription_id", "gateway_payment_id"):
        found = await us.get("/v1/payments", params={name: str(uuid4()), "limit": "1"})
        assert (found.status_code, found.json()["items"]) == (200, []), name
    whose = await us.get("/v1/payments", params={"customer_id": str(customer), "status": "created"})
    assert [one["id"] for one in whose.json()["items"]] == [str(payment.id)]
