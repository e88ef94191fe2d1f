"""Money and orders: what payments bring counts once, and what an order has no use for is said."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.payments import orders_deps as deps
from services.payments.orders.errors import OrderNotFound
from services.payments.orders.order_payments import OrderPayments
from services.payments.orders.receipts_repository import Receipt
from services.payments.tests.shop import OURS, Shop, at, changes_of, code, open_shop, rows
from shared.contracts.notifications import CancelMessages, SendOrderStatus
from shared.runtime.db import Database, Session
from shared.testing.messages import assert_published, published
from shared.testing.service import ApiClient

MONEY = "SELECT status, payment_status, paid_minor, refunded_minor, due_minor FROM orders WHERE id = :id"
TOTAL = 590_200


@pytest_asyncio.fixture
async def order_id(shop: Shop) -> UUID:
    """A placed order of four chairs, which comes to TOTAL."""
    return UUID((await shop.order(await shop.customer())).json()["id"])


@pytest.fixture
def payments(session: Session) -> OrderPayments:
    """As whoever takes money calls it, in the test's transaction."""
    return deps.order_payments(session)


async def test_an_order_is_paid_in_parts_and_what_is_too_much_is_the_callers(
    payments: OrderPayments, order_id: UUID, session: Session
) -> None:
    first, second = uuid4(), uuid4()
    locked = (await payments.lock([order_id, uuid4()]))[order_id]
    part = await payments.received(order_id, 200_000, first, at(10))
    stands = await rows(session, MONEY, id=order_id)
    rest = await payments.received(order_id, 400_000, second, at(11))
    repeated = await payments.received(order_id, 400_000, second, at(12))
    late = await payments.received(order_id, TOTAL, uuid4(), at(13))

    assert (locked.due_minor, locked.status, locked.organization_id) == (TOTAL, "placed", OURS)
    assert (part.applied_minor, part.surplus_minor) == (200_000, 0)
    assert stands == [("partially_paid", "partially_paid", 200_000, 0, 390_200)]
    assert (rest.applied_minor, rest.surplus_minor, repeated) == (390_200, 9_800, rest)
    assert (late.applied_minor, late.surplus_minor) == (0, TOTAL)
    assert await rows(session, MONEY, id=order_id) == [("paid", "paid", TOTAL, 0, 0)]
    assert [row[:3] for row in await changes_of(session, order_id)] == [
        (None, "placed", "user:ada"),
        ("placed", "partially_paid", "system:payments"),
        ("partially_paid", "paid", "system:payments"),
    ]
    assert [one.status for one in await published(session, SendOrderStatus)] == ["partly paid", "paid"]


async def test_many_payments_at_once_take_their_parts_one_after_the_other(
    payments: OrderPayments, order_id: UUID, session: Session
) -> None:
    ids = [uuid4() for _ in range(3)]
    receipts = [Receipt(order_id, one, 300_000, at(10)) for one in (*ids, ids[0])]

    applied = await payments.received_many(receipts)
    again = await payments.received_many(receipts[::-1])

    parts = [(one.applied_minor, one.surplus_minor) for one in applied]
    assert parts == [(300_000, 0), (290_200, 9_800), (0, 300_000), (300_000, 0)]
    assert again == applied[::-1]
    assert await rows(session, "SELECT details FROM order_changes WHERE number = 2") == [
        (
            {
                "payments": [
                    {"id": str(one), "amount_minor": amount} for one, amount in zip(ids, (300_000, 290_200, 0), strict=True)
                ]
            },
        )
    ]


async def test_money_for_a_cancelled_order_a_draft_or_none_is_surplus_and_nothing_changes(
    shop: Shop, payments: OrderPayments, order_id: UUID, session: Session
) -> None:
    await shop.act(order_id, "cancellations", reason="changed their mind")
    draft = UUID((await shop.order(await shop.customer(), draft=True)).json()["id"])

    applied = [await payments.received(one, TOTAL, uuid4(), at(10)) for one in (order_id, draft)]
    with pytest.raises(OrderNotFound):
        await payments.received(uuid4(), TOTAL, uuid4(), at(10))

    assert [(one.applied_minor, one.surplus_minor) for one in applied] == [(0, TOTAL)] * 2
    assert await rows(session, MONEY, id=order_id) == [("cancelled", "unpaid", 0, 0, 0)]
    assert await rows(session, MONEY, id=draft) == [("draft", "unpaid", 0, 0, 0)]


async def test_a_refund_counts_once_and_asks_for_nothing_again(payments: OrderPayments, order_id: UUID, session: Session) -> None:
    await payments.received(order_id, TOTAL, uuid4(), at(10))
    refund = uuid4()

    first, again = [await payments.refunded(order_id, 90_200, refund, at(11)) for _ in range(2)]
    part = await rows(session, MONEY, id=order_id)
    rest = await payments.refunded(order_id, 600_000, uuid4(), at(12))

    assert (first.applied_minor, again, part) == (90_200, first, [("paid", "partially_refunded", TOTAL, 90_200, 0)])
    assert (rest.applied_minor, rest.surplus_minor) == (500_000, 100_000)
    assert await rows(session, MONEY, id=order_id) == [("paid", "refunded", TOTAL, TOTAL, 0)]


async def test_while_a_gateway_is_at_it_an_order_is_neither_amended_nor_forgotten(
    shop: Shop, payments: OrderPayments, order_id: UUID, session: Session
) -> None:
    await payments.processing(order_id, on=True, at=at(10))
    await payments.processing(order_id, on=True, at=at(11))
    shown = await shop.ok("GET", f"/v1/orders/{order_id}")
    amended = await shop.act(order_id, "amendments", lines=[{"sku": "CHAIR-1", "quantity": 1}], reason="x")
    await payments.processing(order_id, on=False, at=at(12))

    assert (shown["payment_status"], shown["version"], code(amended)) == ("processing", 2, (409, "payment_in_progress"))
    assert await rows(session, MONEY, id=order_id) == [("placed", "unpaid", 0, 0, TOTAL)]
    assert len(await changes_of(session, order_id)) == 3


async def test_reminders_are_taken_back_once_the_order_is_paid(payments: OrderPayments, order_id: UUID, session: Session) -> None:
    await rows(session, "UPDATE orders SET reminders = 1 RETURNING 1")

    await payments.received(order_id, 1, uuid4(), at(10))
    assert await published(session, CancelMessages) == []
    await payments.received(order_id, TOTAL, uuid4(), at(11))

    await assert_published(session, CancelMessages, subject_key=f"payments.order_reminder:{order_id}")
    assert await rows(session, "SELECT remind_at FROM orders") == [(None,)]


@pytest.mark.commits
async def test_however_many_pay_at_once_an_order_takes_what_it_costs(client: ApiClient, database: Database) -> None:
    shop = await open_shop(client)
    orders = [UUID((await shop.order(await shop.customer())).json()["id"]) for _ in range(2)]
    payment_ids = [uuid4() for _ in range(6)]

    async def pay(order: Callable[[list[Receipt]], list[Receipt]]) -> int:
        async with database.unit_of_work() as session:
            receipts = [Receipt(one, payment, 150_000, at(10)) for payment in payment_ids for one in orders]
            return sum(one.surplus_minor for one in await deps.order_payments(session).received_many(order(receipts)))

    surplus = await asyncio.gather(*(pay(list if turn % 2 else lambda all_: all_[::-1]) for turn in range(6)))

    assert surplus == [2 * (6 * 150_000 - TOTAL)] * 6
    async with database.read() as session:
        assert await rows(session, "SELECT DISTINCT status, paid_minor, version FROM orders") == [("paid", TOTAL, 2)]
        assert await rows(session, "SELECT count(*), sum(applied_minor) FROM order_receipts") == [(12, 2 * TOTAL)]
