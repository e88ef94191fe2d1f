"""Carts: filled at the prices that were seen, asked about those that changed, still while they are being paid."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio

from services.payments.tests.shop import CHAIR, OURS, TABLE, THEIRS, Shop, code, open_shop, rows, tag
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

ITEMS = "SELECT sku, quantity, unit_price_minor FROM cart_items ORDER BY sku"


@pytest_asyncio.fixture
async def shop(client: ApiClient) -> Shop:
    """A shop in Maharashtra with chairs and tables."""
    return await open_shop(client)


async def test_a_customer_has_one_cart_at_a_time_and_fills_it(shop: Shop, session: Session) -> None:
    ann = await shop.customer()
    cart = await shop.cart(ann, CHAIR_1=2, TABLE_1=1)
    second = await shop.api.post("/v1/carts", json={"customer_id": str(ann), "currency": "INR"})
    more = await shop.put(cart, CHAIR, 3)
    less = await shop.api.delete(f"/v1/carts/{cart.json()['id']}/items/{TABLE}", headers=tag(more))
    missing = await shop.api.delete(f"/v1/carts/{cart.json()['id']}/items/{TABLE}", headers=tag(less))

    assert (code(second), second.json()["cart_id"]) == ((409, "active_cart_exists"), cart.json()["id"])
    assert (less.json()["subtotal_minor"], less.headers["etag"]) == (375_150, '"v5"')
    assert code(missing) == (404, "item_not_found")
    assert await rows(session, ITEMS) == [(CHAIR, 3, 125_050)]
    assert (await shop.api.get(f"/v1/carts/{cart.json()['id']}")).json() == less.json()


async def test_quantities_and_products_that_cannot_be_meant_are_refused(shop: Shop, session: Session) -> None:
    await shop.product("GONE", active=False)
    await shop.product("USD", currency="USD")
    await shop.product("GOLD", unit_price_minor=10**15)
    cart = await shop.cart(await shop.customer())
    quantities: list[Any] = [0, -1, 100_001, 1.5, "2", True, None]

    bad = [code(await shop.put(cart, CHAIR, quantity)) for quantity in quantities]
    products = {sku: code(await shop.put(cart, sku, 2)) for sku in ("NONE", "GONE", "USD", "GOLD")}

    assert bad == [(422, "invalid_request")] * len(quantities)
    assert products == {
        "NONE": (422, "unknown_sku"),
        "GONE": (409, "product_inactive"),
        "USD": (422, "currency_mismatch"),
        "GOLD": (422, "line_too_large"),
    }
    assert await rows(session, "SELECT version FROM carts") == [(1,)]
    assert await rows(session, ITEMS) == []


async def test_a_change_that_was_not_seen_is_not_overwritten(shop: Shop, session: Session) -> None:
    cart = await shop.cart(await shop.customer())
    first = await shop.put(cart, CHAIR, 1)

    late = await shop.put(cart, CHAIR, 9)
    blind = await shop.api.put(f"/v1/carts/{cart.json()['id']}/items/{CHAIR}", json={"quantity": 9})

    assert (first.status_code, code(late), code(blind)) == (200, (412, "precondition_failed"), (428, "precondition_required"))
    assert await rows(session, ITEMS) == [(CHAIR, 1, 125_050)]


async def test_changed_prices_are_shown_and_count_when_they_are_accepted(shop: Shop) -> None:
    await shop.product("OLD")
    cart = await shop.cart(await shop.customer(), CHAIR_1=2, TABLE_1=1, OLD=1)
    await shop.reprice(CHAIR, unit_price_minor=130_000)
    await shop.reprice(TABLE, tax_rate_bp=1800)
    await shop.reprice("OLD", active=False)

    cart = await shop.put(cart, CHAIR, 4)
    locked = await shop.on_cart(cart, "lock", minutes=5)
    ordered = await shop.order(cart_id=cart.json()["id"])
    accepted = await shop.on_cart(cart, "accept-prices")

    shown = ("sku", "kind", "old_unit_price_minor", "new_unit_price_minor", "old_tax_rate_bp", "new_tax_rate_bp")
    assert [tuple(one[name] for name in shown) for one in cart.json()["changes"]] == [
        (CHAIR, "price", 125_050, 130_000, 1800, 1800),
        ("OLD", "unavailable", 125_050, None, 1800, None),
        (TABLE, "tax_rate", 899_900, 899_900, 1200, 1800),
    ]
    assert (code(locked), locked.json()["changes"]) == ((409, "prices_changed"), cart.json()["changes"])
    assert code(ordered) == (409, "product_inactive")
    assert [one["kind"] for one in accepted.json()["changes"]] == ["unavailable"]
    assert accepted.json()["subtotal_minor"] == 4 * 130_000 + 899_900 + 125_050


async def test_a_cart_that_is_being_paid_stays_as_it_is_until_it_is_unlocked(shop: Shop, session: Session) -> None:
    cart = await shop.cart(await shop.customer(), CHAIR_1=2)
    locked = await shop.on_cart(cart, "lock", minutes=15)
    path = f"/v1/carts/{cart.json()['id']}"

    refused = [
        await shop.put(locked, CHAIR, 3),
        await shop.api.delete(f"{path}/items", headers=tag(locked)),
        await shop.api.put(f"{path}/coupon", json={"code": "TEN"}, headers=tag(locked)),
        await shop.on_cart(locked, "accept-prices"),
        await shop.on_cart(locked, "lock", minutes=1),
    ]
    unlocked = await shop.on_cart(locked, "unlock")
    again = await shop.on_cart(unlocked, "unlock")
    changed = await shop.put(unlocked, CHAIR, 3)

    assert locked.json()["locked_until"] == "2026-03-02T09:15:00Z"
    assert [code(answer) for answer in refused] == [(409, "cart_locked")] * 5
    assert (refused[0].json()["locked_until"], refused[0].headers["retry-after"]) == ("2026-03-02 09:15:00+00:00", "30")
    assert (code(again), changed.json()["status"]) == ((409, "cart_not_locked"), "active")
    assert await rows(session, ITEMS) == [(CHAIR, 3, 125_050)]


async def test_a_lock_ends_by_itself(shop: Shop, clock: FrozenClock) -> None:
    cart = await shop.cart(await shop.customer(), CHAIR_1=2)
    locked = await shop.on_cart(cart, "lock", minutes=15)

    clock.advance(timedelta(minutes=15))
    shown = await shop.ok("GET", f"/v1/carts/{cart.json()['id']}")
    changed = await shop.put(locked, CHAIR, 3)

    assert (shown["status"], shown["locked_until"]) == ("active", None)
    assert (changed.status_code, changed.json()["status"]) == (200, "active")


async def test_a_locked_cart_is_sold_at_what_it_showed(shop: Shop, session: Session) -> None:
    cart = await shop.cart(await shop.customer(), CHAIR_1=4)
    locked = await shop.on_cart(cart, "lock", minutes=15)
    await shop.reprice(CHAIR, unit_price_minor=999_999, active=False)

    stale = await shop.order(cart_id=cart.json()["id"], cart_version=2)
    ordered = await shop.order(cart_id=cart.json()["id"], cart_version=3)
    again = await shop.order(cart_id=cart.json()["id"])
    shown = await shop.ok("GET", f"/v1/carts/{cart.json()['id']}")

    assert (code(stale), locked.headers["etag"]) == ((409, "cart_changed"), '"v3"')
    assert (ordered.status_code, ordered.json()["total_minor"], ordered.json()["cart_id"]) == (201, 590_200, cart.json()["id"])
    assert (code(again), again.json()["order_id"]) == ((409, "cart_converted"), ordered.json()["id"])
    assert (shown["status"], shown["order_id"]) == ("converted", ordered.json()["id"])
    assert code(await shop.put(locked, CHAIR, 1)) == (412, "precondition_failed")
    assert await rows(session, "SELECT count(*) FROM orders") == [(1,)]


async def test_a_coupon_shows_what_it_would_take_off_and_why_it_would_not(shop: Shop) -> None:
    await shop.coupon("LARGE", minimum_minor=300_000, currency="INR")
    cart = await shop.cart(await shop.customer(), CHAIR_1=2)
    path = f"/v1/carts/{cart.json()['id']}/coupon"

    unknown = await shop.api.put(path, json={"code": "NONE"}, headers=tag(cart))
    small = await shop.api.put(path, json={"code": "large"}, headers=tag(cart))
    large = await shop.put(small, CHAIR, 3)
    ordered = await shop.order(cart_id=cart.json()["id"])

    assert code(unknown) == (422, "unknown_coupon")
    assert small.json()["coupon"] == {"code": "LARGE", "discount_minor": None, "problem": "coupon_minimum_not_reached"}
    assert large.json()["coupon"] == {"code": "LARGE", "discount_minor": 37_515, "problem": None}
    assert ordered.json()["discount_minor"] == 37_515


async def test_an_empty_cart_and_one_of_nobody_become_no_order(shop: Shop, session: Session) -> None:
    empty, anonymous = await shop.cart(await shop.customer()), await shop.cart(None)

    answers = [await shop.order(cart_id=one) for one in (empty.json()["id"], anonymous.json()["id"], str(uuid4()))]

    assert [code(one) for one in answers] == [(409, "cart_empty"), (422, "cart_without_customer"), (404, "cart_not_found")]
    assert await rows(session, "SELECT 1 FROM orders") == []


async def test_carts_of_another_organization_are_not_there(shop: Shop, client: ApiClient) -> None:
    cart = await shop.cart(await shop.customer(), CHAIR_1=1)
    theirs = Shop(client.as_role("admin", organization_id=THEIRS))

    answers = [
        await theirs.api.get(f"/v1/carts/{cart.json()['id']}"),
        await theirs.put(cart, CHAIR, 5),
        await theirs.on_cart(cart, "lock", minutes=5),
        await theirs.order(cart_id=cart.json()["id"]),
    ]

    assert [code(answer) for answer in answers] == [(404, "cart_not_found")] * 4
    assert (await theirs.ok("GET", "/v1/carts"))["items"] == []
    assert [one["organization_id"] for one in (await shop.ok("GET", "/v1/carts"))["items"]] == [str(OURS)]
