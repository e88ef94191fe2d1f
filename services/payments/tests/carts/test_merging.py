"""Anonymous carts, and what becomes of them when their owner logs in."""

import pytest_asyncio

from services.payments.tests.shop import CHAIR, TABLE, Shop, code, open_shop, rows, tag
from shared.runtime.db import Session
from shared.testing.service import ApiClient

ANONYMOUS = "/v1/anonymous-carts"
ITEMS = "SELECT sku, quantity, unit_price_minor FROM cart_items WHERE cart_id = :id ORDER BY sku"


@pytest_asyncio.fixture
async def shop(client: ApiClient) -> Shop:
    """A shop in Maharashtra with chairs and tables."""
    return await open_shop(client)


async def merge(shop: Shop, secret: str, customer_id: object) -> dict[str, object]:
    """The customer's cart after a merge that must be good."""
    merged: dict[str, object] = await shop.ok("POST", "/v1/carts/merge", json={"secret": secret, "customer_id": str(customer_id)})
    return merged


async def test_whoever_has_the_secret_fills_the_cart_and_nobody_else(shop: Shop, client: ApiClient, session: Session) -> None:
    begun = await shop.cart(None)
    secret = begun.json()["secret"]

    filled = await client.put(f"{ANONYMOUS}/{secret}/items", json={"sku": CHAIR, "quantity": 2}, headers=tag(begun))
    seen = await client.get(f"{ANONYMOUS}/{secret}")
    guessed = await client.get(f"{ANONYMOUS}/{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}")
    emptied = await client.delete(f"{ANONYMOUS}/{secret}/items", params={"sku": CHAIR}, headers=tag(filled))

    assert (filled.status_code, seen.json()["subtotal_minor"], seen.headers["etag"]) == (200, 250_100, '"v2"')
    assert (code(guessed), emptied.json()["items"]) == ((404, "cart_not_found"), [])
    assert "secret" not in seen.json()
    assert secret.encode() not in (await rows(session, "SELECT secret_hash FROM carts"))[0][0]


async def test_a_customer_without_a_cart_gets_the_anonymous_one_and_its_secret_is_spent(shop: Shop, client: ApiClient) -> None:
    ann, ben = await shop.customer(), await shop.customer(name="Ben")
    begun = await shop.cart(None)
    await shop.put(begun, CHAIR, 2)
    secret = begun.json()["secret"]

    first, second = [await merge(shop, secret, ann) for _ in range(2)]
    stolen = await shop.api.post("/v1/carts/merge", json={"secret": secret, "customer_id": str(ben)})

    assert (first["id"], first["customer_id"], second) == (begun.json()["id"], str(ann), first)
    assert code(await client.get(f"{ANONYMOUS}/{secret}")) == (404, "cart_not_found")
    assert code(stolen) == (404, "cart_not_found")


async def test_quantities_add_up_to_the_most_of_a_line_and_merging_twice_adds_nothing(shop: Shop, session: Session) -> None:
    await shop.coupon("TEN")
    ann = await shop.customer()
    own = await shop.cart(ann, CHAIR_1=99_999)
    begun = await shop.cart(None)
    await shop.reprice(CHAIR, unit_price_minor=130_000)
    filled = await shop.put(await shop.put(begun, CHAIR, 5), TABLE, 1)
    await shop.api.put(f"/v1/carts/{begun.json()['id']}/coupon", json={"code": "TEN"}, headers=tag(filled))

    first, second = [await merge(shop, begun.json()["secret"], ann) for _ in range(2)]
    spent = await shop.put(filled, TABLE, 2)

    assert (first["id"], first["capped"], second["capped"]) == (own.json()["id"], [CHAIR], [])
    # What the customer had seen in their own cart stays what they have seen.
    assert await rows(session, ITEMS, id=own.json()["id"]) == [(CHAIR, 100_000, 125_050), (TABLE, 1, 899_900)]
    assert first["coupon"] == {"code": "TEN", "discount_minor": (100_000 * 125_050 + 899_900) // 10, "problem": None}
    assert code(spent) == (412, "precondition_failed")
    merged = await shop.ok("GET", f"/v1/carts/{begun.json()['id']}")
    assert (merged["status"], merged["merged_into"]) == ("merged", own.json()["id"])


async def test_a_cart_that_is_being_paid_takes_nothing_in(shop: Shop, session: Session) -> None:
    ann = await shop.customer()
    own = await shop.cart(ann, CHAIR_1=1)
    await shop.on_cart(own, "lock", minutes=5)
    begun = await shop.cart(None)
    await shop.put(begun, CHAIR, 5)
    body = {"secret": begun.json()["secret"], "customer_id": str(ann)}

    locked = await shop.api.post("/v1/carts/merge", json=body)
    unlocked = await shop.on_cart(await shop.api.get(f"/v1/carts/{own.json()['id']}"), "unlock")
    dollars = await shop.api.post("/v1/carts/merge", json=body | {"secret": "x" * 43})

    assert (code(locked), unlocked.status_code, code(dollars)) == ((409, "cart_locked"), 200, (404, "cart_not_found"))
    assert await rows(session, "SELECT status FROM carts ORDER BY id") == [("active",), ("active",)]
    assert await rows(session, ITEMS, id=own.json()["id"]) == [(CHAIR, 1, 125_050)]


async def test_carts_of_two_currencies_do_not_mix(shop: Shop, session: Session) -> None:
    ann = await shop.customer()
    await shop.cart(ann, CHAIR_1=1)
    dollars = await shop.ok("POST", "/v1/carts", json={"currency": "USD"})

    refused = await shop.api.post("/v1/carts/merge", json={"secret": dollars["secret"], "customer_id": str(ann)})

    assert code(refused) == (409, "cart_of_other_currency")
    assert await rows(session, "SELECT status FROM carts ORDER BY id") == [("active",), ("active",)]
