"""Cancellations: what is given back is what was paid for what goes, to the last minor unit."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments import orders_deps as deps
from services.payments.orders.models import OrderLine, Terms
from services.payments.orders.pricing import kept
from services.payments.tests.shop import ADA, CHAIR, TABLE, Shop, at, changes_of, code, rows
from shared.contracts.notifications import CancelMessages, SendOrderStatus
from shared.runtime.db import Session
from shared.testing.messages import assert_published, published

ALL = "the customer changed their mind"


async def paid(shop: Shop, session: Session, amount_minor: int | None = None) -> Any:
    """An order of four chairs and two tables with a tenth off, which comes to 2329200; paid, or in part."""
    await shop.coupon("TEN")
    lines = [{"sku": CHAIR, "quantity": 4}, {"sku": TABLE, "quantity": 2}]
    order = (await shop.order(await shop.customer(), lines=lines, coupon_code="TEN")).json()
    amount = order["total_minor"] if amount_minor is None else amount_minor
    await deps.order_payments(session).received(UUID(order["id"]), amount, uuid4(), at(10))
    return order


async def test_a_cancellation_gives_back_line_by_line_what_its_preview_has_shown(shop: Shop, session: Session) -> None:
    order = await paid(shop, session)
    path, body = f"/v1/orders/{order['id']}/cancellation-preview", {"lines": [{"number": 1, "quantity": 3}]}

    preview = await shop.api.post(path, json=body)
    untouched = await rows(session, "SELECT version, cancelled_minor FROM orders")
    stale = await shop.act(order["id"], "cancellations", if_match='"v1"', reason=ALL, **body)
    done = await shop.act(order["id"], "cancellations", if_match=preview.headers["etag"], reason=ALL, **body)

    plan = preview.json()
    # Three of four chairs: 3751.50 less 375.15 is 3376.35, and 18 % of what stays and of the whole differ by 607.74.
    (line,) = plan["lines"]
    amounts = [line[name] for name in ("taxable_minor", "cgst_minor", "sgst_minor", "total_minor")]
    assert amounts == [337_635, 30_387, 30_387, 398_409]
    assert plan["cancelled_minor"] == line["total_minor"] + plan["round_off_minor"] == plan["refund_minor"]
    assert (untouched, code(stale)) == ([(2, 0)], (412, "precondition_failed"))
    (planned,) = done.json()["refund_plans"]
    assert {name: planned[name] for name in plan} == plan
    assert (planned["status"], planned["order_version"], planned["created_by"]) == ("planned", 3, ADA)
    assert [done.json()[name] for name in ("status", "cancelled_minor", "due_minor")] == ["paid", plan["cancelled_minor"], 0]
    await assert_published(session, SendOrderStatus, status="partly cancelled", note=ALL)


async def test_what_was_delivered_stays_and_all_refunds_together_are_what_was_paid_for_the_rest(
    shop: Shop, session: Session
) -> None:
    order = await paid(shop, session)
    await shop.act(order["id"], "fulfilments", lines=[{"number": 1, "quantity": 1}])
    for piece in ({"number": 2, "quantity": 1}, {"number": 1, "quantity": 2}):
        await shop.act(order["id"], "cancellations", lines=[piece], reason=ALL)
    last = (await shop.act(order["id"], "cancellations", reason=ALL)).json()
    again = await shop.act(order["id"], "cancellations", reason=ALL)

    # What stays is one chair: 1250.50 less 125.05, with 18 %, is 1328.03, rounded to the rupee.
    refunds = [plan["refund_minor"] for plan in last["refund_plans"]]
    assert (last["status"], order["total_minor"] - sum(refunds), len(refunds)) == ("fulfilled", 132_800, 3)
    assert (last["cancelled_minor"], last["released_minor"], last["due_minor"]) == (sum(refunds), sum(refunds), 0)
    assert code(again) == (409, "status_forbids")
    assert await rows(session, "SELECT quantity, fulfilled_quantity, cancelled_quantity FROM order_lines ORDER BY number") == [
        (4, 1, 3),
        (2, 0, 2),
    ]


async def test_only_what_was_paid_beyond_the_rest_is_given_back(shop: Shop, session: Session) -> None:
    order = await paid(shop, session, 2_000_000)

    part = (await shop.act(order["id"], "cancellations", lines=[{"number": 1, "quantity": 4}], reason=ALL)).json()
    refunded = await deps.order_payments(session).refunded(UUID(order["id"]), 50_000, uuid4(), at(11))
    rest = (await shop.act(order["id"], "cancellations", reason=ALL)).json()

    # The tables come to 1814198, rounded 1814200: of the 2000000 that are paid, 185800 are too much.
    assert [part[name] for name in ("status", "due_minor", "released_minor")] == ["paid", 0, 185_800]
    assert (refunded.applied_minor, [plan["refund_minor"] for plan in rest["refund_plans"]]) == (50_000, [185_800, 1_764_200])
    assert [rest[name] for name in ("status", "released_minor", "refunded_minor")] == ["cancelled", 2_000_000, 50_000]
    assert 50_000 + 185_800 + 1_764_200 == 2_000_000


async def test_an_unpaid_order_is_cancelled_without_a_refund_and_its_reminders_are_dropped(shop: Shop, session: Session) -> None:
    order = (await shop.order(await shop.customer())).json()
    await rows(session, "UPDATE orders SET reminders = 2 RETURNING 1")

    cancelled = (await shop.act(order["id"], "cancellations", reason=ALL)).json()
    paying = await deps.order_payments(session).received(UUID(order["id"]), 590_200, uuid4(), at(11))
    refused = [await shop.act(order["id"], action, reason=ALL) for action in ("cancellations", "produce")]

    assert [cancelled[name] for name in ("status", "cancelled_at", "due_minor", "refund_plans")] == [
        "cancelled",
        "2026-03-02T09:00:00Z",
        0,
        [],
    ]
    assert (paying.surplus_minor, [code(one) for one in refused]) == (590_200, [(409, "status_forbids")] * 2)
    assert [row[:2] for row in await changes_of(session, order["id"])] == [(None, "placed"), ("placed", "cancelled")]
    assert await published(session, CancelMessages) == [
        CancelMessages(subject_key=f"payments.order_reminder:{order['id']}", reason="the order was cancelled")
    ]


@pytest.mark.parametrize("pieces", [[{"number": 1, "quantity": 5}], [{"number": 9, "quantity": 1}], []])
async def test_more_than_is_open_is_not_cancelled(shop: Shop, session: Session, pieces: list[dict[str, int]]) -> None:
    order = (await shop.order(await shop.customer())).json()

    answer = await shop.act(order["id"], "cancellations", lines=pieces, reason=ALL)

    assert answer.status_code in (409, 422)
    assert await rows(session, "SELECT status, cancelled_minor, version FROM orders") == [("placed", 0, 1)]


LINES = st.lists(
    st.builds(
        lambda quantity, price, off, rate: OrderLine(
            quantity=quantity, unit_price_minor=price, discount_minor=off % (quantity * price + 1), tax_rate_bp=rate
        ),
        st.integers(1, 30),
        st.integers(0, 10**7),
        st.integers(0, 10**9),
        st.sampled_from([0, 25, 500, 1800, 2800]),
    ),
    min_size=1,
    max_size=5,
)
TERMS = st.sampled_from(
    [Terms("INR", "domestic", "27", "27", 100), Terms("INR", "domestic", "27", "29", 1), Terms("USD", "untaxed", None, None, 1)]
)


@given(lines=LINES, terms=TERMS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_cancelled_in_whatever_steps_nothing_is_lost_or_gained(
    lines: list[OrderLine], terms: Terms, data: st.DataObject
) -> None:
    for number, line in enumerate(lines, start=1):
        line.number = number
    cancelled = {line.number: 0 for line in lines}
    whole = owed = kept(lines, cancelled, terms)[1].total_minor
    refunds = []
    while any(line.quantity > cancelled[line.number] for line in lines):
        steps = {line.number: data.draw(st.integers(0, line.quantity - cancelled[line.number])) for line in lines}
        if not any(steps.values()):
            steps = {line.number: line.quantity - cancelled[line.number] for line in lines}
        cancelled = {number: cancelled[number] + steps[number] for number in cancelled}
        left = kept(lines, cancelled, terms)[1].total_minor
        refunds.append(owed - left)
        owed = left

    assert all(refund >= 0 for refund in refunds)
    assert (owed, sum(refunds)) == (0, whole)
