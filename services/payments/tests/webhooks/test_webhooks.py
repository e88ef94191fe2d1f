"""Events of gateways: believed by their signature, stored once, applied by a worker, and kept for a while."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.sandbox.razorpay.signature import webhook_headers
from services.payments.tests.payments.arrange import NOON, TOTAL, balances, have_customer, have_order, have_payment, rows
from shared.contracts.payments import ApplyGatewayEvents, PruneGatewayEvents, ReconcilePayments
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

pytestmark = pytest.mark.usefixtures("settings_of_the_process")
EVENTS = "SELECT event_id, name, entity_id, state FROM gateway_events ORDER BY id"
AT = int(NOON.timestamp())


def _event(name: str, *, at: int = AT, **payment: Any) -> bytes:
    usual = {
        "id": "pay_1",
        "entity": "payment",
        "amount": TOTAL,
        "currency": "INR",
        "status": name.partition(".")[2],
        "order_id": "order_1",
        "method": "upi",
        "amount_refunded": 0,
        "captured": name == "payment.captured",
        "notes": [],
        "created_at": AT,
    }
    entity = {**usual, **payment}
    envelope = {"entity": "event", "account_id": "acc_1", "event": name, "contains": ["payment"], "created_at": at}
    return json.dumps({**envelope, "payload": {"payment": {"entity": entity}}}).encode()


async def _post(client: ApiClient, body: bytes, event_id: str, *, secret: str = "new", **headers: str) -> httpx.Response:  # noqa: S107 - a test's
    signed = {**webhook_headers(body, [secret]), "x-razorpay-event-id": event_id, "content-type": "application/json"}
    return await client.post("/v1/webhooks/razorpay", content=body, headers={**signed, **headers})


async def test_event_is_stored_once_by_its_id_and_by_what_it_tells(client: ApiClient, session: Session) -> None:
    body = _event("payment.captured")

    answers = [await _post(client, body, "evt_1"), await _post(client, body, "evt_1"), await _post(client, body, "evt_2")]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert await rows(session, EVENTS) == [("evt_1", "payment.captured", "pay_1", "waiting")]
    assert len(await published(session, ApplyGatewayEvents)) == 1


async def test_event_of_the_secret_before_is_believed_and_a_forged_one_is_not(client: ApiClient, session: Session) -> None:
    body = _event("payment.captured")

    forged = await _post(client, body, "evt_1", secret="guessed")
    changed = await _post(client, _event("payment.captured", amount=1), "evt_1", **webhook_headers(body, ["new"]))
    unsigned = await client.post("/v1/webhooks/razorpay", content=body)

    assert [answer.status_code for answer in (forged, changed, unsigned)] == [403] * 3
    assert forged.json()["code"] == "webhook_forged"
    assert await rows(session, EVENTS) == []
    await assert_nothing_published(session, ApplyGatewayEvents)
    assert (await _post(client, body, "evt_1", secret="old")).status_code == 204


async def test_signed_rubbish_an_unknown_gateway_and_a_large_body_are_refused(client: ApiClient, session: Session) -> None:
    rubbish = await _post(client, b"[]", "evt_1")
    unknown = await client.post("/v1/webhooks/paypal", content=b"{}")
    not_set_up = await client.post("/v1/webhooks/stripe", content=b"{}")
    large = await _post(client, b" " * 600_000, "evt_1")

    assert [rubbish.status_code, unknown.status_code, not_set_up.status_code, large.status_code] == [422, 404, 404, 413]
    assert await rows(session, EVENTS) == []


async def test_events_in_any_order_pay_the_order_though_messages_come_twice(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)
    await _post(client, _event("payment.captured", at=AT + 2), "evt_2")
    await _post(client, _event("payment.authorized", at=AT + 1), "evt_1")
    await _post(client, _event("payment.downtime.started"), "evt_3")
    messages = await published(session, ApplyGatewayEvents)

    for _ in range(2):
        assert {one.outcome for one in await run_task.run(messages)} == {"done"}

    assert await rows(session, "SELECT status, captured_minor FROM payments") == [("captured", TOTAL)]
    assert await balances(session) == {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}
    assert [row[3] for row in await rows(session, EVENTS)] == ["applied", "applied", "ignored"]


async def test_settlement_has_its_day_compared_once_though_its_event_comes_twice(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    entity = {"id": "setl_1", "entity": "settlement", "amount": 97_640, "status": "processed", "created_at": AT + 7 * 3600}
    envelope = {"entity": "event", "account_id": "acc_1", "event": "settlement.processed", "contains": ["settlement"]}
    body = json.dumps({**envelope, "created_at": AT, "payload": {"settlement": {"entity": entity}}}).encode()
    await _post(client, body, "evt_1")
    await _post(client, body, "evt_1")

    for _ in range(2):
        await run_task.run(await published(session, ApplyGatewayEvents))

    # 19:00 UTC is half an hour past midnight in India.
    await assert_published(session, ReconcilePayments, day=NOON.date() + timedelta(days=1), account="razorpay", days=None)
    assert [row[3] for row in await rows(session, EVENTS)] == ["applied"]


async def test_event_about_an_unknown_payment_is_kept(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    await _post(client, _event("payment.captured"), "evt_1")

    await run_task.run(await published(session, ApplyGatewayEvents))

    assert await rows(session, "SELECT payment_id, captured_minor FROM gateway_payments") == [(None, TOTAL)]
    assert await balances(session) == {}


async def test_administrator_has_an_event_applied_again(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    await _post(client, _event("payment.captured"), "evt_1")
    await run_task.run(await published(session, ApplyGatewayEvents))
    admin = client.as_role("admin")

    (listed,) = (await admin.get("/v1/gateway-events", params={"entity_id": "pay_1"})).json()["items"]
    replayed = await admin.post(f"/v1/gateway-events/{listed['id']}/replay")

    assert (listed["state"], replayed.status_code) == ("applied", 202)
    assert [row[3] for row in await rows(session, EVENTS)] == ["waiting"]
    assert (await admin.post(f"/v1/gateway-events/{UUID(int=1)}/replay")).json()["code"] == "gateway_event_not_found"
    assert (await client.as_role("operator").get("/v1/gateway-events")).status_code == 403


async def test_content_is_forgotten_after_30_days_and_events_after_180_twice_run(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    await _post(client, _event("payment.captured"), "evt_1")
    ((received_at,),) = await rows(session, "SELECT received_at FROM gateway_events")

    for days, kept in ((29, [False]), (31, [True]), (181, [])):
        for _ in range(2):
            assert (await run_task(PruneGatewayEvents(slot=received_at + timedelta(days=days)))).outcome == "done"
        assert [row[0] for row in await rows(session, "SELECT payload IS NULL FROM gateway_events")] == kept
    await assert_published(session, ApplyGatewayEvents)


async def test_what_became_of_a_notice_is_kept_for_its_debit(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    notice = {"id": "notification_1", "order_id": "order_9", "token_id": "token_1", "payment_after": AT, "delivered_at": AT}
    envelope = {"entity": "event", "account_id": "acc_1", "contains": ["notification"], "created_at": AT}
    for name in ("created", "delivered"):
        entity = {**notice, "status": name}
        body = {**envelope, "event": f"order.notification.{name}", "payload": {"notification": {"entity": entity}}}
        await _post(client, json.dumps(body).encode(), f"evt_{name}")

    for message in await published(session, ApplyGatewayEvents):
        assert (await run_task(message)).outcome == "done"

    assert [(name, state) for _, name, _, state in await rows(session, EVENTS)] == [
        ("order.notification.created", "ignored"),
        ("order.notification.delivered", "applied"),
    ]
    reports = "SELECT account, gateway_order_id, delivered FROM mandate_notice_reports"
    assert await rows(session, reports) == [("razorpay", "order_9", True)]
    ((told_at,),) = await rows(session, "SELECT reported_at FROM mandate_notice_reports")
    for days, left in ((29, 1), (31, 0)):
        assert (await run_task(PruneGatewayEvents(slot=told_at + timedelta(days=days)))).outcome == "done"
        assert len(await rows(session, reports)) == left
