"""From paid to delivered: in pieces, never more than was ordered, and never what was cancelled."""

import asyncio
from uuid import UUID, uuid4

import pytest

from services.payments import orders_deps as deps
from services.payments.tests.shop import CHAIR, TABLE, Shop, at, code, key, open_shop, rows
from shared.contracts.notifications import SendOrderShipped, SendOrderStatus
from shared.runtime.db import Database, Session
from shared.testing.messages import assert_published, published
from shared.testing.service import ApiClient

LINES = "SELECT fulfilled_quantity, cancelled_quantity FROM order_lines WHERE order_id = :id ORDER BY number"


async def paid_order(shop: Shop, session: Session) -> str:
    """An order of four chairs and two tables that is paid."""
    lines = [{"sku": CHAIR, "quantity": 4}, {"sku": TABLE, "quantity": 2}]
    order = (await shop.order(await shop.customer(), lines=lines)).json()
    await deps.order_payments(session).received(UUID(order["id"]), order["total_minor"], uuid4(), at(10))
    return str(order["id"])


async def test_an_order_is_made_and_delivered_in_pieces(shop: Shop, session: Session) -> None:
    order_id = await paid_order(shop, session)

    produced = await shop.act(order_id, "produce")
    parcel = {"carrier": "Delhivery", "tracking_number": "D1", "tracking_url": "https://track.example.com/D1"}
    first = await shop.act(order_id, "fulfilments", lines=[{"number": 1, "quantity": 3}], **parcel)
    rest = await shop.act(order_id, "fulfilments")

    assert [one.json()["status"] for one in (produced, first, rest)] == ["in_production", "partially_fulfilled", "fulfilled"]
    assert [(one["lines"], one["carrier"]) for one in rest.json()["fulfilments"]] == [
        ([{"number": 1, "quantity": 3}], "Delhivery"),
        ([{"number": 1, "quantity": 1}, {"number": 2, "quantity": 2}], None),
    ]
    assert await rows(session, LINES, id=order_id) == [(4, 0), (2, 0)]
    shipped = await published(session, SendOrderShipped)
    assert [(one.order_id, one.tracking_number) for one in shipped] == [(order_id, "D1"), (order_id, None)]
    await assert_published(session, SendOrderStatus, status="in production")
    history = await shop.ok("GET", f"/v1/orders/{order_id}/changes", params={"limit": 2})
    assert [(one["from_status"], one["to_status"], one["actor"]) for one in history["items"]] == [
        ("partially_fulfilled", "fulfilled", "user:ada"),
        ("in_production", "partially_fulfilled", "user:ada"),
    ]
    assert history["items"][1]["details"]["lines"] == [{"number": 1, "quantity": 3}]


async def test_what_cannot_be_delivered_is_refused_and_changes_nothing(shop: Shop, session: Session) -> None:
    order_id = await paid_order(shop, session)
    unpaid = (await shop.order(await shop.customer())).json()["id"]
    cancelled = (await shop.order(await shop.customer())).json()["id"]
    await shop.act(cancelled, "cancellations", reason="changed their mind")
    pieces = [
        (order_id, [{"number": 1, "quantity": 5}], (409, "more_than_ordered")),
        (order_id, [{"number": 3, "quantity": 1}], (422, "unknown_line")),
        (order_id, [{"number": 1, "quantity": 0}], (422, "invalid_request")),
        (order_id, [{"number": 1, "quantity": 1}, {"number": 1, "quantity": 1}], (422, "invalid_request")),
        (unpaid, [{"number": 1, "quantity": 1}], (409, "status_forbids")),
        (cancelled, [{"number": 1, "quantity": 1}], (409, "status_forbids")),
        (str(uuid4()), [{"number": 1, "quantity": 1}], (404, "order_not_found")),
    ]

    answers = [code(await shop.act(one, "fulfilments", lines=lines)) for one, lines, _ in pieces]

    assert answers == [expected for *_, expected in pieces]
    assert await rows(session, "SELECT 1 FROM order_fulfilments") == []
    assert await rows(session, LINES, id=order_id) == [(0, 0), (0, 0)]


async def test_what_is_not_paid_is_made_only_for_a_reason(shop: Shop, session: Session) -> None:
    order_id = (await shop.order(await shop.customer())).json()["id"]

    refused = await shop.act(order_id, "produce")
    on_credit = await shop.act(order_id, "produce", reason="30 days net")
    again = await shop.act(order_id, "produce", reason="30 days net")
    paid = await deps.order_payments(session).received(UUID(order_id), 590_200, uuid4(), at(10))

    assert (code(refused), refused.json()["due_minor"], code(again)) == ((409, "order_unpaid"), 590_200, (409, "status_forbids"))
    assert (on_credit.json()["status"], on_credit.json()["due_minor"], paid.applied_minor) == ("in_production", 590_200, 590_200)
    assert await rows(session, "SELECT status, payment_status FROM orders") == [("in_production", "paid")]


async def test_a_repeated_delivery_is_noted_once(shop: Shop, session: Session) -> None:
    order_id, header = await paid_order(shop, session), key()
    body = {"lines": [{"number": 1, "quantity": 2}]}

    answers = [await shop.api.post(f"/v1/orders/{order_id}/fulfilments", json=body, headers=header) for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 201]
    assert await rows(session, LINES, id=order_id) == [(2, 0), (0, 0)]


@pytest.mark.commits
async def test_however_many_deliver_and_cancel_at_once_no_piece_goes_twice(client: ApiClient, database: Database) -> None:
    shop = await open_shop(client)
    async with database.unit_of_work() as session:
        order_id = await paid_order(shop, session)
    piece = [{"number": 1, "quantity": 3}]

    answers = await asyncio.gather(
        *(shop.act(order_id, "fulfilments", lines=piece) for _ in range(2)),
        *(shop.act(order_id, "cancellations", lines=piece, reason="broken") for _ in range(2)),
    )

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert {code(one) for one in answers if one.status_code == 409} == {(409, "more_than_ordered")}
    async with database.read() as session:
        assert (await rows(session, LINES, id=order_id))[0] in ((3, 0), (0, 3))
