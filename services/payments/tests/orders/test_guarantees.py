"""What the database refuses whoever writes: wrong turns, changes without a trace, sums that do not add up."""

import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from services.payments.tests.shop import Shop, rows
from shared.runtime.db import Session


@pytest_asyncio.fixture
async def order_id(shop: Shop) -> str:
    """A placed order of four chairs."""
    return str((await shop.order(await shop.customer())).json()["id"])


BAD = [
    ("UPDATE orders SET status = 'fulfilled', BUMP", "orders_status_transition"),
    ("UPDATE orders SET status = 'draft', BUMP", "orders_status_transition"),
    ("UPDATE orders SET paid_minor = 1", "without a new version"),
    ("UPDATE orders SET status = 'paid'", "without a new version"),
    ("UPDATE orders SET paid_minor = total_minor + 1, BUMP", "check"),
    ("UPDATE orders SET refunded_minor = 1, BUMP", "check"),
    ("UPDATE orders SET cancelled_minor = total_minor + 1, BUMP", "check"),
    ("UPDATE orders SET tax_minor = 0, BUMP", "check"),
    ("UPDATE order_lines SET fulfilled_quantity = 5", "check"),
    ("UPDATE order_lines SET fulfilled_quantity = 2, cancelled_quantity = 3", "check"),
    ("UPDATE order_changes SET actor = 'nobody'", "what is written there stays"),
    ("DELETE FROM order_changes", "what is written there stays"),
]


async def change(session: Session, statement: str) -> None:
    """Carry out a statement as somebody who knows the tables and not the code."""
    bump = "version = version + 1, updated_at = now(), changed_by = 'somebody'"
    await rows(session, statement.replace("BUMP", bump) + " RETURNING 1")


@pytest.mark.usefixtures("order_id")
async def test_what_must_not_be_is_refused(session: Session) -> None:
    for statement, said in BAD:
        with pytest.raises(DBAPIError, match=said):
            async with session.begin_nested():
                await change(session, statement)


@pytest.mark.usefixtures("order_id")
async def test_an_order_whose_lines_do_not_add_up_to_it_is_not_committed(session: Session) -> None:
    await change(session, "UPDATE orders SET tax_minor = tax_minor + 1, total_minor = total_minor + 1, BUMP")

    with pytest.raises(DBAPIError, match="and its lines are"):
        await rows(session, "SET CONSTRAINTS orders_add_up IMMEDIATE")


async def test_each_change_is_noted_with_what_it_changed(session: Session, order_id: str) -> None:
    await change(session, "UPDATE orders SET paid_minor = 100, status = 'partially_paid', BUMP")
    # A reminder is no change of an order, and neither is forgetting where it went.
    await change(session, "UPDATE orders SET reminders = 1, delivery = '{}'")

    query = "SELECT number, from_status, to_status, actor, before, after FROM order_changes WHERE order_id = :id AND number > 1"
    assert await rows(session, query, id=order_id) == [
        (
            2,
            "placed",
            "partially_paid",
            "somebody",
            {"status": "placed", "paid_minor": 0, "due_minor": 590_200, "payment_status": "unpaid"},
            {"status": "partially_paid", "paid_minor": 100, "due_minor": 590_100, "payment_status": "partially_paid"},
        )
    ]
