"""Two at the same cart at the same moment."""

import asyncio

import pytest

from services.payments.tests.shop import CHAIR, code, open_shop, rows
from shared.contracts.notifications import SendOrderConfirmation
from shared.runtime.db import Database
from shared.testing.messages import published
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits


async def test_a_cart_becomes_one_order_and_changes_made_meanwhile_are_in_it_or_refused(
    client: ApiClient, database: Database
) -> None:
    shop = await open_shop(client)
    for _ in range(4):
        cart = await shop.cart(await shop.customer(), CHAIR_1=1)
        cart_id = cart.json()["id"]

        *orders, change = await asyncio.gather(*(shop.order(cart_id=cart_id) for _ in range(3)), shop.put(cart, CHAIR, 7))

        made = [order for order in orders if order.status_code == 201]
        assert len(made) == 1
        assert {code(order) for order in orders if order not in made} == {(409, "cart_converted")}
        assert made[0].json()["lines"][0]["quantity"] == (7 if change.status_code == 200 else 1)
        assert change.status_code in (200, 409, 412)
    async with database.read() as session:
        assert await rows(session, "SELECT count(*), count(DISTINCT cart_id) FROM orders") == [(4, 4)]
        assert len(await published(session, SendOrderConfirmation)) == 4


async def test_two_who_merge_and_begin_carts_for_one_customer_leave_one(client: ApiClient, database: Database) -> None:
    shop = await open_shop(client)
    ann = str(await shop.customer())
    begun = [await shop.cart(None) for _ in range(2)]
    for cart in begun:
        await shop.put(cart, CHAIR, 2)
    begin = {"customer_id": ann, "currency": "INR"}

    answers = await asyncio.gather(
        *(shop.api.post("/v1/carts/merge", json={"secret": one.json()["secret"], "customer_id": ann}) for one in begun),
        shop.api.post("/v1/carts", json=begin),
    )

    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    async with database.read() as session:
        active = await rows(session, "SELECT count(*) FROM carts WHERE customer_id IS NOT NULL AND status = 'active'")
        poured = await rows(session, "SELECT sum(quantity) FROM cart_items JOIN carts ON id = cart_id WHERE status = 'active'")
    assert (active, poured) == ([(1,)], [(4,)])
