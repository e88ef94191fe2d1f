"""Coupons: who may use them, how often, and what gives a use back."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from services.payments.tests.shop import OURS, Shop, code, open_shop, rows
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient


async def test_an_order_uses_its_coupon_before_tax_and_a_cancellation_gives_it_back(client: ApiClient, session: Session) -> None:
    shop, uses = await open_shop(client), "SELECT uses FROM coupons"
    ann = await shop.customer()
    await shop.coupon("ONCE", max_uses=5, max_uses_per_customer=1)

    first = (await shop.order(ann, coupon_code="once")).json()
    refused = await shop.order(ann, coupon_code="ONCE")
    used = await rows(session, uses)
    await shop.act(first["id"], "cancellations", reason="changed their mind")
    freed = await rows(session, uses)
    again = await shop.order(ann, coupon_code="ONCE")

    # Four chairs at 1250.50 are 5002.00; a tenth off leaves 4501.80, and 18 % of that is 810.324.
    assert [first[name] for name in ("subtotal_minor", "discount_minor", "tax_minor", "total_minor")] == [
        500200,
        50020,
        81032,
        531200,
    ]
    assert (code(refused), used, freed, again.status_code) == ((409, "coupon_used_by_customer"), [(1,)], [(0,)], 201)
    assert await rows(session, "SELECT count(*) FROM orders") == [(2,)]


async def test_a_coupon_that_does_not_fit_is_refused_by_its_own_code(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    shop = await open_shop(client)
    ann = await shop.customer()
    now = clock()
    await shop.coupon("LATER", valid_from=(now + timedelta(days=1)).isoformat())
    await shop.coupon("SHORT", valid_until=(now + timedelta(hours=1)).isoformat())
    await shop.coupon("LARGE", minimum_minor=500_201, currency="INR")
    await shop.coupon("DOLLAR", amount_minor=100, currency="USD")
    gone = await shop.coupon("GONE")
    await shop.ok("PATCH", f"/v1/coupons/{gone}", json={"active": False}, headers={"If-Match": '"v1"'})
    clock.advance(timedelta(hours=1))

    answers = {
        name: code(await shop.order(ann, coupon_code=name)) for name in ("LATER", "SHORT", "LARGE", "DOLLAR", "GONE", "NONE")
    }

    assert answers == {
        "LATER": (409, "coupon_not_yet_valid"),
        "SHORT": (409, "coupon_expired"),
        "LARGE": (409, "coupon_minimum_not_reached"),
        "DOLLAR": (409, "coupon_of_other_currency"),
        "GONE": (409, "coupon_inactive"),
        "NONE": (422, "unknown_coupon"),
    }
    assert await rows(session, "SELECT 1 FROM orders") == []


async def test_coupons_are_written_once_and_by_sane_terms(client: ApiClient, session: Session) -> None:
    shop = Shop(client.as_role("operator", organization_id=OURS))
    await shop.coupon("TEN")
    bodies = [
        {"code": "ten", "percent_bp": 1},
        {"code": "BOTH", "percent_bp": 1, "amount_minor": 1, "currency": "INR"},
        {"code": "NAKED", "amount_minor": 1},
        {"code": "OVER", "percent_bp": 1, "valid_until": "2026-03-02T09:00:00Z"},
        {"code": "FLOAT", "percent_bp": 12.5},
    ]

    answers = [code(await shop.api.post("/v1/coupons", json=body)) for body in bodies]

    assert answers == [(409, "coupon_exists"), *[(422, "invalid_request")] * 2, (409, "coupon_expired"), (422, "invalid_request")]
    assert await rows(session, "SELECT code FROM coupons") == [("TEN",)]


@pytest.mark.commits
async def test_however_many_come_at_once_the_limits_hold(client: ApiClient, database: Database) -> None:
    shop = await open_shop(client)
    ann, ben = await shop.customer(), await shop.customer(name="Ben")
    await shop.coupon("RARE", max_uses=5, max_uses_per_customer=3)

    answers = await asyncio.gather(*(shop.order(one, coupon_code="RARE") for one in (ann, ben) * 6))

    refusals = Counter(answer.json().get("code", "placed") for answer in answers)
    assert refusals["placed"] == 5
    assert set(refusals) <= {"placed", "coupon_used_up", "coupon_used_by_customer"}
    async with database.read() as session:
        assert await rows(session, "SELECT uses FROM coupons") == [(5,)]
        assert sorted(await rows(session, "SELECT uses FROM coupon_customers")) == [(2,), (3,)]
        assert await rows(session, "SELECT count(*) FROM orders WHERE coupon_held") == [(5,)]
