"""Carts by the clock: reminded of at 1, 24 and 72 hours, and gone in the end, unless there is money on them."""

from datetime import timedelta
from uuid import uuid4

import pytest_asyncio

from services.payments.tests.shop import CHAIR, OURS, Shop, key, open_shop, rows
from shared.contracts.notifications import CancelMessages, SendNotification
from shared.contracts.payments import CleanupExpiredCarts, ExecuteRefund, ExecuteRefundPlan, RemindOfAbandonedCarts
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient


@pytest_asyncio.fixture
async def shop(client: ApiClient) -> Shop:
    """A shop in Maharashtra with chairs and tables."""
    return await open_shop(client)


async def test_a_cart_that_was_left_is_reminded_of_three_times_however_often_the_task_runs_twice(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    ann = await shop.customer()
    cart_id = (await shop.cart(ann, CHAIR_1=2)).json()["id"]
    await shop.cart(await shop.customer(name="Ben"))
    await shop.cart(None, CHAIR_1=1)
    left = clock()

    for hours in (0.9, 1, 1.25, 24, 25, 72, 90):
        message = RemindOfAbandonedCarts(slot=left + timedelta(hours=hours))
        for _ in range(2):
            assert (await run_task(message)).outcome == "done"

    sent = await published(session, SendNotification)
    assert [(one.to_person, one.context["step"], one.valid_until) for one in sent] == [
        (f"payments.customer:{ann}", 1, left + timedelta(hours=13)),
        (f"payments.customer:{ann}", 2, left + timedelta(hours=48)),
        (f"payments.customer:{ann}", 3, left + timedelta(hours=96)),
    ]
    assert sent[0].context | {"step": 0} == {
        "cart_id": cart_id,
        "step": 0,
        "items": 1,
        "subtotal": {"amount_minor": 250_100, "currency": "INR"},
    }
    assert [one.dedupe_key for one in sent] == [f"payments.cart_abandoned:{cart_id}:2:{step}" for step in (1, 2, 3)]
    assert {(one.category, one.organization_id, one.subject_key) for one in sent} == {
        ("marketing", OURS, f"payments.cart:{cart_id}")
    }


async def test_after_an_outage_of_days_a_cart_is_reminded_of_once(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await shop.cart(await shop.customer(), CHAIR_1=2)

    for days in (4, 4, 5):
        await run_task(RemindOfAbandonedCarts(slot=clock() + timedelta(days=days)))

    assert [one.context["step"] for one in await published(session, SendNotification)] == [3]


async def test_reminders_are_taken_back_when_the_cart_is_ordered_and_when_it_is_emptied(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    ordered, emptied = [await shop.cart(await shop.customer(), CHAIR_1=2) for _ in range(2)]
    await run_task(RemindOfAbandonedCarts(slot=clock() + timedelta(hours=2)))
    await assert_nothing_published(session, CancelMessages)

    await shop.order(cart_id=ordered.json()["id"])
    await shop.ok("DELETE", f"/v1/carts/{emptied.json()['id']}/items/{CHAIR}", headers={"If-Match": "*"})
    await run_task(RemindOfAbandonedCarts(slot=clock() + timedelta(hours=72)))

    for cart in (ordered, emptied):
        await assert_published(session, CancelMessages, subject_key=f"payments.cart:{cart.json()['id']}")
    assert len(await published(session, SendNotification)) == 2


async def test_a_lock_whose_time_is_over_is_ended_and_its_cart_reminded_of(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    for minutes in (15, 60):
        await shop.on_cart(await shop.cart(await shop.customer(), CHAIR_1=2), "lock", minutes=minutes)

    await run_task(RemindOfAbandonedCarts(slot=clock() + timedelta(minutes=59)))
    assert await rows(session, "SELECT status FROM carts ORDER BY id") == [("active",), ("locked",)]
    await run_task(RemindOfAbandonedCarts(slot=clock() + timedelta(minutes=61)))

    assert len(await published(session, SendNotification)) == 2


async def test_carts_go_after_thirty_days_unless_there_is_money_on_them_and_cleaning_twice_is_cleaning_once(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    names = ("left", "locked", "ordered", "finished", "young")
    carts = {name: (await shop.cart(await shop.customer(), CHAIR_1=1)).json()["id"] for name in names}
    await shop.cart(None, CHAIR_1=1)
    orders = {name: (await shop.order(cart_id=carts[name])).json()["id"] for name in ("ordered", "finished")}
    await shop.act(orders["finished"], "cancellations", reason="changed their mind")
    slot = clock() + timedelta(days=30, seconds=1)
    lock = "UPDATE carts SET status = 'locked', locked_until = :until WHERE id = :id RETURNING 1"
    await rows(session, lock, id=carts["locked"], until=slot + timedelta(minutes=5))
    await rows(
        session, "UPDATE carts SET updated_at = :at WHERE id = :id RETURNING 1", id=carts["young"], at=slot - timedelta(days=30)
    )
    await rows(session, "UPDATE carts SET abandoned_step = 3 WHERE id = :id RETURNING 1", id=carts["left"])

    message_id = uuid7()
    for ids in ([message_id], [message_id], [uuid7()]):
        assert (await run_task(CleanupExpiredCarts(slot=slot), ids=ids)).outcome == "done"

    kept = {str(cart_id) for (cart_id,) in await rows(session, "SELECT id FROM carts")}
    assert kept == {carts["locked"], carts["ordered"], carts["young"]}
    assert await rows(session, "SELECT count(*) FROM orders") == [(2,)]
    await assert_published(session, CancelMessages, subject_key=f"payments.cart:{carts['left']}")


async def test_a_cart_stays_until_its_cancelled_order_is_given_back_and_cleaning_twice_is_cleaning_once(
    shop: Shop, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    cart_id = (await shop.cart(await shop.customer(), CHAIR_1=1)).json()["id"]
    order = (await shop.order(cart_id=cart_id)).json()
    amount = {"amount_minor": order["total_minor"], "currency": "INR"}
    cash = {"order_id": order["id"], "kind": "cash", "amount": amount}
    await shop.ok("POST", "/v1/payments/offline", json=cash, headers=key())
    await shop.act(order["id"], "cancellations", reason="changed their mind")
    ((plan,),) = await rows(session, "SELECT id FROM refund_plans")

    async def left() -> int:
        for _ in range(2):
            await run_task(CleanupExpiredCarts(slot=clock() + timedelta(days=31)))
        ((count,),) = await rows(session, "SELECT count(*) FROM carts")
        return int(count)

    planned = await left()
    await run_task(ExecuteRefundPlan(plan_id=plan))
    asked_for = await left()
    ((refund,),) = await rows(session, "SELECT id FROM refunds")
    await run_task(ExecuteRefund(refund_id=refund))

    assert (planned, asked_for, await left()) == (1, 1, 0)


async def test_two_thousand_carts_go_at_once_and_the_rest_with_the_message_that_follows(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    many = """INSERT INTO carts (id, organization_id, secret_hash, currency, created_at, updated_at)
              SELECT uuidv7(), :ours, sha256(CAST(CAST(number AS text) AS bytea)), 'INR', :at, :at
                FROM generate_series(1, 2001) AS number RETURNING 1"""
    await rows(session, many, ours=uuid4(), at=clock() - timedelta(days=8))

    await run_task(CleanupExpiredCarts(days_old=7, slot=clock()))
    follows = await assert_published(session, CleanupExpiredCarts, days_old=7, slot=clock())
    assert await rows(session, "SELECT count(*) FROM carts") == [(1,)]
    await run_task(follows)

    assert await rows(session, "SELECT count(*) FROM carts") == [(0,)]
    assert len(await published(session, CleanupExpiredCarts)) == 1
