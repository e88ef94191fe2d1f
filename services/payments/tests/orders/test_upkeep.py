"""Orders by the clock: paid ones go on, unpaid ones end, and customers are reminded."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from services.payments import orders_deps as deps
from services.payments.schedules import ENTRIES
from services.payments.tests.shop import CHAIR, Shop, at, changes_of, open_shop, rows
from shared.contracts.notifications import CancelMessages, SendOrderReminder, SendOrderStatus
from shared.contracts.payments import CleanupExpiredCarts, ProcessPendingOrders, RemindOfAbandonedCarts, SendOrderReminders
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.schedule import fire_due_slots
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_published, published
from shared.testing.service import ApiClient

ORDERS = "SELECT status FROM orders ORDER BY id"


async def test_paid_orders_from_stock_go_on_and_processing_twice_moves_them_once(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    await shop.product("CARVED", capability="wood_turning")
    payments = deps.order_payments(session)
    ids = []
    for sku in (CHAIR, "CARVED", CHAIR):
        order = (await shop.order(await shop.customer(), lines=[{"sku": sku, "quantity": 1}])).json()
        ids.append(order["id"])
    for order_id in ids[:2]:
        await payments.received(UUID(order_id), 147_600, uuid4(), at(10))

    message_id = uuid7()
    for one in ([message_id], [message_id], [uuid7()]):
        assert (await run_task(ProcessPendingOrders(slot=at(12)), ids=one)).outcome == "done"

    assert await rows(session, ORDERS) == [("in_production",), ("paid",), ("placed",)]
    assert (await changes_of(session, ids[0]))[-1] == (
        "paid",
        "in_production",
        "system:payments",
        "it is paid and comes from stock",
    )
    await assert_published(session, SendOrderStatus, order_id=ids[0], status="in production")


async def test_orders_that_nobody_pays_end_and_give_their_coupon_back(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    await shop.coupon("TEN")
    ids = [UUID((await shop.order(await shop.customer(), coupon_code="TEN")).json()["id"]) for _ in range(3)]
    await shop.ok("PUT", "/v1/order-settings", json={"pay_within_h": 73})
    await shop.order(await shop.customer(), coupon_code="TEN")
    payments = deps.order_payments(session)
    await payments.received(ids[1], 1, uuid4(), at(10))
    await payments.processing(ids[2], on=True, at=at(10))
    await rows(session, "UPDATE orders SET reminders = 1 RETURNING 1")

    for hour in (8, 9, 9):
        await run_task(ProcessPendingOrders(slot=at(hour, day=5)))

    assert await rows(session, ORDERS) == [("cancelled",), ("partially_paid",), ("placed",), ("placed",)]
    query = "SELECT cancelled_minor = total_minor, due_minor, coupon_held, cancelled_at FROM orders WHERE status = 'cancelled'"
    assert await rows(session, query) == [(True, 0, False, at(9, day=5))]
    assert await rows(session, "SELECT uses FROM coupons") == [(3,)]
    assert await rows(session, "SELECT sum(cancelled_quantity) FROM order_lines") == [(4,)]
    told = await assert_published(session, SendOrderStatus, status="cancelled")
    assert (told.order_id, told.note) == (str(ids[0]), "It was not paid in time.")
    await assert_published(session, CancelMessages, subject_key=f"payments.order_reminder:{ids[0]}")


async def test_customers_are_reminded_three_times_a_day_apart_and_twice_at_once_is_once(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    shop = await open_shop(client, pay_within_h=8760)
    order = (await shop.order(await shop.customer())).json()
    draft = (await shop.order(await shop.customer(locale="de-DE"), draft=True)).json()
    paid = (await shop.order(await shop.customer())).json()
    await deps.order_payments(session).received(UUID(paid["id"]), 590_200, uuid4(), at(10))

    for hours in (6, 24, 24, 30, 48, 72, 96):
        assert (await run_task(SendOrderReminders(slot=clock() + timedelta(hours=hours)))).outcome == "done"

    sent = await published(session, SendOrderReminder)
    assert [(one.order_id, one.action, one.due_on) for one in sent if one.order_id == order["id"]] == [
        (order["id"], "pay ₹5,902.00", date(2027, 3, 2))
    ] * 3
    assert [(one.action, one.due_on) for one in sent if one.order_id == draft["id"]] == [("confirm the order", None)] * 3
    assert [one.dedupe_key for one in sent[::2]] == [f"payments.order_reminder:{order['id']}:{number}" for number in (1, 2, 3)]
    assert [one.valid_until for one in sent[::2]] == [clock() + timedelta(days=days) for days in (2, 3, 4)]
    assert len(sent) == 6
    assert [row[1] for row in await changes_of(session, order["id"])] == ["placed"]


async def test_what_is_done_by_the_clock_is_done_at_its_hours(session: Session) -> None:
    for hour in (1, 2, 6):
        await fire_due_slots(session, ENTRIES, at(hour) + timedelta(seconds=1))

    assert await published(session, CleanupExpiredCarts) == [CleanupExpiredCarts(slot=at(2))]
    assert await published(session, ProcessPendingOrders) == [ProcessPendingOrders(slot=at(hour)) for hour in (2, 6)]
    assert await published(session, RemindOfAbandonedCarts) == [RemindOfAbandonedCarts(slot=at(hour)) for hour in (2, 6)]
    assert await published(session, SendOrderReminders) == [SendOrderReminders(slot=at(6))]
