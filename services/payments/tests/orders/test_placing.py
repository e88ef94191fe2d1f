"""New orders: what they come to, what they are refused for, and that a repeated request makes one."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from services.payments import orders_deps as deps
from services.payments.orders import placing
from services.payments.orders.new_orders import NewOrder, Wanted
from services.payments.tests.shop import ADA, CHAIR, OURS, TABLE, THEIRS, Shop, changes_of, code, key, open_shop, rows
from shared.contracts.money import Money
from shared.contracts.notifications import OrderLine, SendOrderConfirmation
from shared.contracts.payments import OrderPlaced
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

TOTALS = ("subtotal_minor", "discount_minor", "tax_minor", "round_off_minor", "total_minor")
ORDERS = "/v1/orders"


async def test_an_order_is_taxed_rounded_numbered_and_confirmed(shop: Shop, session: Session) -> None:
    ann = await shop.customer()
    lines = [{"sku": CHAIR, "quantity": 4}, {"sku": TABLE, "quantity": 1}]

    made = await shop.order(ann, lines=lines, due_on="2026-03-20")
    order = made.json()

    # 4 x 1250.50 + 8999.00 = 14001.00; tax 900.36 + 1079.88 = 1980.24; 15981.24 is rounded to 15981.
    assert [order[name] for name in TOTALS] == [1_400_100, 0, 198_024, -24, 1_598_100]
    assert [(line["cgst_minor"], line["sgst_minor"], line["total_minor"]) for line in order["lines"]] == [
        (45_018, 45_018, 590_236),
        (53_994, 53_994, 1_007_888),
    ]
    shown = [order[name] for name in ("status", "payment_status", "due_minor", "place_of_supply", "pay_until")]
    assert shown == ["placed", "unpaid", 1_598_100, "27", "2026-03-05T09:00:00Z"]
    assert (made.headers["location"], made.headers["etag"], order["number"][:7]) == (f"{ORDERS}/{order['id']}", '"v1"', "260302-")
    assert await changes_of(session, order["id"]) == [(None, "placed", ADA, None)]
    sent = await assert_published(session, SendOrderConfirmation, order_id=order["id"], order_number=order["number"])
    assert (sent.to_person, sent.total) == (f"payments.customer:{ann}", Money(amount_minor=1_598_100, currency="INR"))
    assert sent.lines[0] == OrderLine(name="Oak chair", quantity=4, amount=Money(amount_minor=590_236, currency="INR"))
    told = await assert_published(session, OrderPlaced, order_id=UUID(order["id"]))
    assert (told.total, told.lines, told.subscription_id) == (sent.total, 2, None)
    read = await shop.ok("GET", made.headers["location"])
    assert read == order | {"fulfilments": [], "refund_plans": []}


async def test_tax_follows_the_state_and_the_country_that_an_order_goes_to(shop: Shop) -> None:
    ann = await shop.customer()
    berlin = {"address": {"line1": "Allee 1", "city": "Berlin", "country": "DE"}}

    away = (await shop.order(ann, delivery={"state_code": "29", "latitude": 12.97, "longitude": 77.59})).json()
    abroad = (await shop.order(ann, delivery=berlin)).json()
    nowhere = await shop.order(await shop.customer(state_code=None))
    somewhere = await shop.order(ann, delivery={"address": {"line1": "MG Road 1", "city": "Bengaluru"}})
    no_country = await shop.order(ann, delivery={"state_code": "96"})
    await shop.sold_by(lut_reference="AD270326000012X", round_to_minor=1)
    zero_rated = (await shop.order(ann, delivery=berlin)).json()
    await shop.sold_by(gstin=None, round_to_minor=1)
    untaxed = (await shop.order(ann)).json()

    kinds = [(one["supply_kind"], one["place_of_supply"], one["tax_minor"], one["total_minor"]) for one in (away, abroad)]
    assert kinds == [("domestic", "29", 90_036, 590_200), ("export_without_lut", "96", 90_036, 590_200)]
    assert (away["lines"][0]["igst_minor"], away["delivery"]["latitude"]) == (90_036, 12.97)
    assert [code(one) for one in (nowhere, somewhere, no_country)] == [(422, "place_of_supply_unknown")] * 3
    assert [(one["supply_kind"], one["total_minor"]) for one in (zero_rated, untaxed)] == [
        ("export_with_lut", 500_200),
        ("untaxed", 500_200),
    ]


BAD: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"lines": [{"sku": CHAIR, "quantity": 0}]}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": -1}]}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": 100_001}]}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": 1.0}]}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": 1, "expected_unit_price_minor": 1250.5}]}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": 1}, {"sku": CHAIR, "quantity": 2}]}, (422, "invalid_request")),
    ({"lines": []}, (422, "invalid_request")),
    ({"lines": [{"sku": CHAIR, "quantity": 1, "price": 5}]}, (422, "invalid_request")),
    ({"total_minor": 1}, (422, "invalid_request")),
    ({"cart_version": 1}, (422, "invalid_request")),
    ({"lines": [{"sku": "NONE", "quantity": 1}]}, (422, "unknown_sku")),
    ({"lines": [{"sku": "GONE", "quantity": 1}]}, (409, "product_inactive")),
    ({"currency": "USD"}, (422, "currency_mismatch")),
    ({"lines": [{"sku": "GOLD", "quantity": 2}]}, (422, "line_too_large")),
    ({"lines": [{"sku": "GOLD", "quantity": 1}]}, (422, "order_too_large")),
    ({"due_on": 1_772_409_600}, (422, "invalid_request")),
    ({"due_on": "2026-03-01"}, (422, "due_too_soon")),
    ({"lines": [{"sku": "SLOW", "quantity": 1}], "due_on": "2026-03-15"}, (422, "due_too_soon")),
    ({"coupon_code": "NONE"}, (422, "unknown_coupon")),
]


async def test_what_cannot_be_ordered_is_refused_by_its_code_and_nothing_is_written(shop: Shop, session: Session) -> None:
    await shop.product("GONE", active=False)
    await shop.product("GOLD", unit_price_minor=10**15)
    await shop.product("SLOW", lead_time_days=14)
    ann = await shop.customer()

    answers = [code(await shop.order(ann, **fields)) for fields, _ in BAD]
    nobody = await shop.order(uuid4())

    assert (answers, code(nobody)) == ([expected for _, expected in BAD], (404, "customer_not_found"))
    assert await rows(session, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_lines)") == [(0, 0)]
    await assert_nothing_published(session, SendOrderConfirmation)


async def test_an_organization_sells_nothing_before_it_is_known_how_it_is_taxed(client: ApiClient, session: Session) -> None:
    shop = Shop(client.as_role("admin", organization_id=OURS))
    await shop.product()

    answer = await shop.order(await shop.customer())

    assert code(answer) == (409, "seller_not_set_up")
    assert await rows(session, "SELECT 1 FROM orders") == []


async def test_orders_are_sold_on_the_usual_terms_until_somebody_writes_others(shop: Shop) -> None:
    usual = await shop.api.get("/v1/order-settings")
    wrong = await shop.api.put("/v1/order-settings", json={"tax": "gst"})
    first = await shop.api.put("/v1/order-settings", json={"pay_within_h": 48})
    unseen = await shop.api.put("/v1/order-settings", json={"pay_within_h": 24})

    assert usual.json() == {
        "organization_id": str(OURS),
        "price_tolerance_bp": 0,
        "pay_within_h": 72,
        "version": 0,
        "updated_at": None,
        "updated_by": None,
    }
    assert (code(wrong), code(unseen)) == ((422, "invalid_request"), (428, "precondition_required"))
    assert (first.json()["pay_within_h"], first.headers["etag"]) == (48, '"v1"')


async def test_whoever_sold_an_order_stays_as_long_as_it(shop: Shop) -> None:
    entity = (await shop.ok("GET", "/v1/legal-entities"))["items"][0]["id"]
    await shop.order(await shop.customer())
    await shop.sold_by(name="Oak & Daughters")

    answer = await shop.api.request("DELETE", f"/v1/legal-entities/{entity}", headers={"If-Match": "*"})

    assert code(answer) == (409, "legal_entity_in_use")


async def test_the_same_request_makes_one_order_and_another_one_under_its_key_is_refused(shop: Shop, session: Session) -> None:
    ann, header = str(await shop.customer()), key()
    body = {"customer_id": ann, "currency": "INR", "lines": [{"sku": CHAIR, "quantity": 1}]}

    first, again = [await shop.api.post(ORDERS, json=body, headers=header) for _ in range(2)]
    other = await shop.api.post(ORDERS, json=body | {"due_on": "2026-04-01"}, headers=header)
    keyless = await shop.api.post(ORDERS, json=body)

    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert (code(other), code(keyless)) == ((422, "idempotency_key_reused"), (400, "idempotency_key_missing"))
    assert await rows(session, "SELECT count(*) FROM orders") == [(1,)]


async def test_what_a_customer_saw_is_honoured_as_far_as_is_tolerated_and_what_is_cheaper_by_now_is_sold_for_less(
    client: ApiClient, session: Session
) -> None:
    shop = await open_shop(client, price_tolerance_bp=500)
    ann = await shop.customer()

    async def at(price: int) -> Any:
        line = {"sku": CHAIR, "quantity": 1, "expected_unit_price_minor": price}
        return await shop.order(ann, lines=[line, {"sku": TABLE, "quantity": 1}])

    tolerated, cheaper, refused = await at(119_095), await at(130_000), await at(119_094)

    assert tolerated.json()["lines"][0]["unit_price_minor"] == 119_095
    assert cheaper.json()["lines"][0]["unit_price_minor"] == 125_050
    assert code(refused) == (409, "prices_changed")
    (change,) = refused.json()["changes"]
    assert (change["sku"], change["old_unit_price_minor"], change["new_unit_price_minor"]) == (CHAIR, 119_094, 125_050)
    assert await rows(session, "SELECT count(*) FROM orders") == [(2,)]


async def test_a_quote_says_what_the_order_would_come_to_and_writes_nothing(shop: Shop, session: Session) -> None:
    await shop.coupon("TEN")
    ann = str(await shop.customer())
    body = {"customer_id": ann, "currency": "INR", "lines": [{"sku": CHAIR, "quantity": 4}], "coupon_code": "TEN"}

    quote = await shop.ok("POST", f"{ORDERS}/quote", json=body)
    order = (await shop.order(UUID(ann), coupon_code="TEN")).json()

    assert [quote[name] for name in TOTALS] == [order[name] for name in TOTALS] == [500_200, 50_020, 81_032, -12, 531_200]
    assert await rows(session, "SELECT count(*) FROM orders") == [(1,)]


async def test_an_order_of_two_hundred_lines_takes_the_statements_of_one_of_two(shop: Shop, session: Session) -> None:
    header = "sku,name,hsn_sac,unit_price_minor,currency,tax_rate_bp\n"
    file = header + "".join(f"P{number},Part,9401,{100 + number},INR,1800\n" for number in range(200))
    await shop.ok("POST", "/v1/products/import", content=file, headers={"Content-Type": "text/csv"})
    ann = await shop.customer()
    engine = session.get_bind().engine
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    asked = []
    for lines in (2, 200):
        seen.clear()
        ordered = [{"sku": f"P{number}", "quantity": 1} for number in range(lines)]
        assert (await shop.order(ann, lines=ordered)).status_code == 201
        # Whether the caller is still let in is looked up before, once a second.
        begins = next(place for place, one in enumerate(seen) if "pg_try_advisory_xact_lock" in one)
        asked.append([one for one in seen[begins:] if "SAVEPOINT" not in one])

    # The idempotency key, seller, customer, products, the order with its lines, the outbox with the answer. By the same words,
    # too: of others the database would have to make itself a plan for each number of lines.
    assert len(asked[0]) == 6
    assert asked[0] == asked[1]


async def test_a_number_that_is_taken_is_drawn_again(shop: Shop, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, drawn = await shop.customer(), iter(["260302-A", "260302-A", "260302-B", *["260302-A"] * 3])
    monkeypatch.setattr(placing, "new_number", lambda _: next(drawn))

    numbers = [(await shop.order(ann)).json()["number"] for _ in range(2)]
    refused = await shop.order(ann)

    assert (numbers, code(refused)) == (["260302-A", "260302-B"], (409, "conflict"))
    assert await rows(session, "SELECT count(*) FROM order_lines") == [(2,)]


async def test_the_order_of_a_period_is_made_once(shop: Shop, session: Session, clock: FrozenClock) -> None:
    ann, subscription = await shop.customer(), uuid4()
    start = clock().date()
    new = NewOrder(OURS, ann, "INR", [Wanted(CHAIR, 1)], subscription_id=subscription, period_start=start)
    orders = deps.order_placing(session, clock)

    first, again = [await orders.place(new, by="system:subscriptions") for _ in range(2)]

    assert (first.is_new, again.is_new, again.order.id) == (True, False, first.order.id)
    assert (first.order.pay_until, first.order.remind_at) == (None, None)
    assert len(await published(session, SendOrderConfirmation)) == 1


async def test_orders_are_listed_by_page_and_by_what_is_asked_for_and_only_ones_own(shop: Shop, client: ApiClient) -> None:
    ann, ben = await shop.customer(), await shop.customer(name="Ben")
    numbers = [(await shop.order(one)).json()["number"] for one in (ann, ann, ben)]
    theirs = Shop(client.as_role("operator", organization_id=THEIRS))

    first = await shop.ok("GET", ORDERS, params={"limit": 2})
    second = await shop.ok("GET", ORDERS, params={"limit": 2, "cursor": first["next_cursor"]})
    bens = await shop.ok("GET", ORDERS, params={"customer_id": str(ben), "status": "placed", "payment_status": "unpaid"})
    by_number = await shop.ok("GET", ORDERS, params={"number": numbers[0]})

    assert [one["number"] for page in (first, second) for one in page["items"]] == numbers[::-1]
    assert ([one["number"] for one in bens["items"]], len(by_number["items"])) == ([numbers[2]], 1)
    assert (await theirs.ok("GET", ORDERS))["items"] == []
    assert code(await theirs.api.get(f"{ORDERS}/{first['items'][0]['id']}")) == (404, "order_not_found")


async def test_a_draft_is_placed_at_its_prices_as_far_as_they_hold(shop: Shop, session: Session, clock: FrozenClock) -> None:
    await shop.coupon("TEN")
    draft = (await shop.order(await shop.customer(), coupon_code="TEN", draft=True)).json()
    await assert_nothing_published(session, SendOrderConfirmation)
    clock.advance(timedelta(hours=2))
    await shop.reprice(CHAIR, unit_price_minor=130_000)

    refused = await shop.act(draft["id"], "place")
    await shop.reprice(CHAIR, unit_price_minor=120_000)
    placed = await shop.act(draft["id"], "place", if_match='"v1"')
    again = await shop.act(draft["id"], "place")

    assert [draft[name] for name in ("status", "placed_at", "due_minor", "total_minor")] == ["draft", None, 0, 531_200]
    assert (code(refused), code(again)) == ((409, "prices_changed"), (409, "status_forbids"))
    order = placed.json()
    assert [order[name] for name in TOTALS] == [480_000, 48_000, 77_760, 40, 509_800]
    assert [order[name] for name in ("status", "placed_at", "due_minor")] == ["placed", "2026-03-02T11:00:00Z", 509_800]
    assert await rows(session, "SELECT uses FROM coupons") == [(1,)]
    assert len(await published(session, SendOrderConfirmation)) == 1


async def test_a_draft_is_not_placed_too_late_nor_for_somebody_who_was_erased(
    shop: Shop, session: Session, clock: FrozenClock
) -> None:
    ann = await shop.customer()
    late = (await shop.order(ann, draft=True, due_on="2026-03-03")).json()
    draft = (await shop.order(ann, draft=True)).json()
    clock.advance(timedelta(days=2))

    too_late = await shop.act(late["id"], "place")
    await shop.api.delete(f"/v1/customers/{ann}", headers={"If-Match": "*"})
    nobody = await shop.act(draft["id"], "place")

    assert (code(too_late), too_late.json()["earliest_on"]) == ((422, "due_too_soon"), "2026-03-04")
    assert code(nobody) == (409, "customer_erased")
    assert await rows(session, "SELECT DISTINCT status, version FROM orders") == [("draft", 1)]


async def test_an_order_that_costs_nothing_is_paid(shop: Shop) -> None:
    await shop.coupon("ALL", percent_bp=10_000)

    order = (await shop.order(await shop.customer(), coupon_code="ALL")).json()

    assert [order[name] for name in ("status", "payment_status", "total_minor", "due_minor")] == ["paid", "paid", 0, 0]
