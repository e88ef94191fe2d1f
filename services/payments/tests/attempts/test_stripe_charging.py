"""Stored methods at Stripe, which has no order before a charge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.payments.attempts.models import Begin
from services.payments.attempts.repository import AttemptRepository
from services.payments.settings import PaymentsSettings
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import NOON, OURS, TOTAL, balances, have_customer, have_order, rows
from shared.contracts.money import Money
from shared.contracts.payments import ProcessPayment, ResolvePayment
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

_AUTH = {"Authorization": "Bearer sk_test_sandbox"}
_METHOD = text("""
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 status, created_at, updated_at)
    VALUES (:id, :ours, :customer_id, 'stripe', 'stripe', :known, :token, 'card', 'Visa 4242', 'confirmed', :at, :at)
""")


@pytest.fixture
def settings(gateway: GatewayStandIn, settings: PaymentsSettings) -> PaymentsSettings:
    """With Stripe as the gateway."""
    stripe: dict[str, Any] = {
        "payment_gateway": "stripe",
        "stripe_secret_key": SecretStr("sk_test_sandbox"),
        "stripe_publishable_key": "pk_test_sandbox",
        "stripe_webhook_secret": SecretStr("whsec_sandbox"),
        "stripe_base_url": f"{gateway.url}/stripe",
    }
    return settings.model_copy(update=stripe)


async def _ordered(session: Session, gateway: GatewayStandIn) -> ProcessPayment:
    customer, method = await have_customer(session), uuid7()
    made = await gateway.http.post("/stripe/v1/customers", data={"email": "ann@example.com"}, headers=_AUTH)
    known = made.json()["id"]
    path = "/stripe/v1/payment_methods/pm_card_visa/attach"
    token = (await gateway.http.post(path, data={"customer": known}, headers=_AUTH)).json()["id"]
    bound = {"id": method, "ours": OURS, "customer_id": customer, "known": known, "token": token, "at": NOON}
    await session.execute(_METHOD, bound)
    amount = Money(amount_minor=TOTAL, currency="INR")
    return ProcessPayment(amount=amount, payment_method_id=method, order_id=await have_order(session, customer))


@pytest.mark.parametrize("lost", [False, True])
async def test_card_is_charged_once_though_the_answer_may_be_lost(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, clock: FrozenClock, *, lost: bool
) -> None:
    # Stripe finds a call that was lost by its time.
    clock.set(datetime.now(UTC))
    message, key = await _ordered(session, gateway), uuid7()
    if lost:
        rules = [{"action": "status_after_commit", "operation": "payment_intents.create", "times": 2}]
        assert (await gateway.http.put("/faults/stripe", json=rules)).is_success

    await run_task(message, ids=[key])
    before = await rows(session, "SELECT status FROM payments")
    await run_task(ResolvePayment(payment_id=key))
    await run_task(message, ids=[key], redelivered=True)

    assert before == [("unknown",)] if lost else [("captured",)]
    assert await rows(session, "SELECT status, captured_minor FROM payments") == [("captured", TOTAL)]
    moved = (await gateway.http.get("/stripe/ledger")).json()["items"]
    assert [(one["kind"], one["amount"]) for one in moved] == [("capture", TOTAL)]
    assert await balances(session) == {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}


async def test_charge_that_was_taken_up_again_much_later_is_found_where_it_was_made_then(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, clock: FrozenClock
) -> None:
    clock.set(datetime.now(UTC))
    message, key = await _ordered(session, gateway), uuid7()
    rule = {"operation": "payment_intents.create", "times": 1}
    away = [{**rule, "action": "rate_limit", "seconds": 0}]
    assert (await gateway.http.put("/faults/stripe", json=away)).is_success
    await run_task(message, ids=[key])
    attempts, before = AttemptRepository(session), clock() - timedelta(hours=1)
    await attempts.start([key], by="test", at=before)
    await attempts.begin([Begin(uuid7(), key, "charge", TOTAL)], before)
    lost = [{**rule, "action": "status_after_commit", "times": 2}]
    assert (await gateway.http.put("/faults/stripe", json=lost)).is_success
    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "done"
    assert await rows(session, "SELECT status FROM payments") == [("unknown",)]
    clock.advance(timedelta(minutes=5))

    await run_task(ResolvePayment(payment_id=key))

    assert await rows(session, "SELECT status, captured_minor FROM payments") == [("captured", TOTAL)]
    moved = (await gateway.http.get("/stripe/ledger")).json()["items"]
    assert [(one["kind"], one["amount"]) for one in moved] == [("capture", TOTAL)]
