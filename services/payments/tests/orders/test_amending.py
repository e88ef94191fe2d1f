"""Amendments: deltas at the price at which it was ordered, never below what is delivered or paid."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.payments import orders_deps as deps
from services.payments.tests.shop import ADA, CHAIR, TABLE, Shop, at, changes_of, code, rows
from shared.contracts.notifications import SendOrderStatus
from shared.runtime.db import Session
from shared.testing.messages import assert_published

TOTALS = ("subtotal_minor", "discount_minor", "tax_minor", "total_minor", "due_minor")


async def amend(shop: Shop, order: Any, *, if_match: str = "*", **deltas: int) -> Any:
    """Ask for an amendment by these deltas, SKUs named without hyphens."""
    lines = [{"sku": name.replace("_", "-"), "quantity": delta} for name, delta in deltas.items()]
    return await shop.act(order["id"], "amendments", if_match=if_match, lines=lines, reason="they called")


async def test_an_amendment_reprices_the_whole_and_tells_who_did_what(shop: Shop, session: Session) -> None:
    await shop.coupon("TEN")
    order = (await shop.order(await shop.customer(), coupon_code="TEN")).json()
    await shop.reprice(CHAIR, unit_price_minor=130_000)

    amended = (await amend(shop, order, if_match='"v1"', CHAIR_1=-1, TABLE_1=2)).json()
    stale = await amend(shop, order, if_match='"v1"', CHAIR_1=-1)

    # 3 x 1250.50 as ordered and 2 x 8999.00 as of today; a tenth off each; 18 % and 12 %.
    assert [amended[name] for name in TOTALS] == [2_174_950, 217_495, 255_152, 2_212_600, 2_212_600]
    shown = ("number", "sku", "quantity", "unit_price_minor", "discount_minor")
    assert [tuple(line[name] for name in shown) for line in amended["lines"]] == [
        (1, CHAIR, 3, 125_050, 37_515),
        (2, TABLE, 2, 899_900, 179_980),
    ]
    assert code(stale) == (412, "precondition_failed")
    assert await changes_of(session, order["id"]) == [(None, "placed", ADA, None), ("placed", "placed", ADA, "they called")]
    assert await rows(session, "SELECT details FROM order_changes WHERE number = 2") == [
        (
            {
                "lines": [
                    {"number": 1, "sku": CHAIR, "before": 4, "after": 3},
                    {"number": 2, "sku": TABLE, "before": 0, "after": 2},
                ]
            },
        )
    ]
    await session.execute(text("SET CONSTRAINTS orders_add_up IMMEDIATE"))
    await assert_published(session, SendOrderStatus, status="changed", note="they called")


async def test_a_line_can_go_and_the_last_one_cannot(shop: Shop, session: Session) -> None:
    lines = [{"sku": CHAIR, "quantity": 4}, {"sku": TABLE, "quantity": 1}]
    order = (await shop.order(await shop.customer(), lines=lines)).json()

    without = (await amend(shop, order, CHAIR_1=-4)).json()
    refused = await amend(shop, order, TABLE_1=-1)
    unknown = await amend(shop, order, CHAIR_1=-1)
    zero = await amend(shop, order, TABLE_1=0)

    assert [(line["number"], line["sku"]) for line in without["lines"]] == [(2, TABLE)]
    assert [code(one) for one in (refused, unknown, zero)] == [
        (409, "nothing_ordered"),
        (409, "more_than_ordered"),
        (422, "invalid_request"),
    ]
    assert await rows(session, "SELECT count(*) FROM order_lines") == [(1,)]


async def test_what_is_paid_or_delivered_is_not_amended_away(shop: Shop, session: Session) -> None:
    order = (await shop.order(await shop.customer())).json()
    await deps.order_payments(session).received(UUID(order["id"]), 590_200, uuid4(), at(10))

    below_paid = await amend(shop, order, CHAIR_1=-1)
    more = (await amend(shop, order, CHAIR_1=1)).json()
    await shop.act(order["id"], "produce", reason="the rest on delivery")
    await shop.act(order["id"], "fulfilments", lines=[{"number": 1, "quantity": 4}])
    below_delivered = await amend(shop, order, CHAIR_1=-2)
    await shop.act(order["id"], "fulfilments")
    finished = await amend(shop, order, CHAIR_1=1)

    assert (code(below_paid), below_paid.json()["owed_minor"]) == ((409, "below_paid"), 442_700)
    assert [more[name] for name in ("status", "payment_status", "total_minor", "due_minor")] == [
        "partially_paid",
        "partially_paid",
        737_800,
        147_600,
    ]
    assert (code(below_delivered), code(finished)) == ((409, "below_fulfilled"), (409, "status_forbids"))


async def test_what_was_cancelled_stays_cancelled_and_what_is_added_is_due(shop: Shop, session: Session) -> None:
    order = (await shop.order(await shop.customer())).json()
    await deps.order_payments(session).received(UUID(order["id"]), 590_200, uuid4(), at(10))
    await shop.act(order["id"], "cancellations", lines=[{"number": 1, "quantity": 1}], reason="broken")

    more = (await amend(shop, order, CHAIR_1=1)).json()
    fewer = await amend(shop, order, CHAIR_1=-5)

    amounts = ("total_minor", "cancelled_minor", "paid_minor", "released_minor", "due_minor")
    assert [more[name] for name in amounts] == [737_800, 147_600, 590_200, 147_500, 147_500]
    assert (more["status"], code(fewer)) == ("partially_paid", (409, "below_fulfilled"))
