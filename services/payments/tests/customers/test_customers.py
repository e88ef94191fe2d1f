"""Customers: kept in one form, told of to notifications, and forgotten when they ask."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.payments.customers.schemas import Address as CustomerAddress
from services.payments.legal_entities.models import Address as PrintedAddress
from services.payments.tests.shop import OURS, THEIRS, Shop, code, key, open_shop, rows
from shared.contracts.notifications import CancelMessages, UpsertPerson
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

CUSTOMERS = "/v1/customers"
GSTIN = "27AAPFU0939F1ZV"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of OURS who writes."""
    return client.as_role("operator", organization_id=OURS)


async def test_a_customer_is_kept_in_canonical_form_and_told_of(operator: ApiClient, session: Session) -> None:
    body = {
        "name": "  Ann Pillai ",
        "email": "Ann@EXAMPLE.com",
        "phone": "+91 98123-45678",
        "locale": "en_in",
        "time_zone": "Asia/Kolkata",
        "address": {"line1": "14 Hill Road", "city": "Mumbai", "postal_code": "400050"},
        "gstin": "27 aapfu0939f1zv",
    }
    made = await operator.post(CUSTOMERS, json=body, headers=key())
    read = await operator.get(made.headers["location"])

    assert (made.status_code, made.headers["etag"], read.json()) == (201, '"v1"', made.json())
    shown = {name: made.json()[name] for name in ("name", "email", "phone", "locale", "state_code", "gstin")}
    assert shown == {
        "name": "Ann Pillai",
        "email": "Ann@example.com",
        "phone": "+919812345678",
        "locale": "en-IN",
        "state_code": "27",
        "gstin": GSTIN,
    }
    await assert_published(
        session,
        UpsertPerson,
        reference=f"payments.customer:{made.json()['id']}",
        entity_version=1,
        organization_id=OURS,
        phone="+919812345678",
        locale="en-IN",
        time_zone="Asia/Kolkata",
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "#/name"),
    ({"name": "A\nB"}, "#/name"),
    ({"email": "ann@localhost"}, "#/email"),
    ({"phone": "9812345678"}, "#/phone"),
    ({"phone": "+91 1234"}, "#/phone"),
    ({"phone": "+1 800 FLOWERS"}, "#/phone"),
    ({"locale": "xx-YY"}, "#/locale"),
    ({"time_zone": "Mumbai"}, "#/time_zone"),
    ({"state_code": "98"}, "#/state_code"),
    ({"gstin": "27AAPFU0939F1ZX"}, "#/gstin"),
    ({"address": {"line1": "x", "city": "y", "country": "XX"}}, "#/address/country"),
    ({"nickname": "Annie"}, "#/nickname"),
]


async def test_what_nobody_can_be_reached_by_is_refused_and_nothing_is_kept(operator: ApiClient, session: Session) -> None:
    for fields, pointer in BAD:
        answer = await operator.post(CUSTOMERS, json={"name": "Ann"} | fields, headers=key())
        assert (code(answer), [one["pointer"] for one in answer.json()["errors"]]) == ((422, "invalid_request"), [pointer])
    differing = await operator.post(CUSTOMERS, json={"name": "Ann", "gstin": GSTIN, "state_code": "29"}, headers=key())

    assert code(differing) == (422, "states_differ")
    assert await rows(session, "SELECT 1 FROM customers") == []
    await assert_nothing_published(session)


async def test_a_gstin_of_a_state_that_was_divided_goes_with_its_successor(operator: ApiClient) -> None:
    # Andhra Pradesh was 28 and is 37; the check character is that of the number.
    answer = await operator.post(CUSTOMERS, json={"name": "Ann", "gstin": "28AAPFU0939F1ZT", "state_code": "37"}, headers=key())

    assert (answer.status_code, answer.json()["state_code"]) == (201, "37")


async def test_a_change_needs_the_version_that_it_changes(operator: ApiClient, session: Session) -> None:
    made = await operator.post(CUSTOMERS, json={"name": "Ann", "phone": "+919812345678"}, headers=key())
    path = made.headers["location"]

    refused = [await operator.patch(path, json={"name": "Eve"}, headers=tag) for tag in ({}, {"If-Match": '"v7"'})]
    changed = await operator.patch(path, json={"phone": None, "state_code": "29"}, headers={"If-Match": '"v1"'})
    same = await operator.patch(path, json={"state_code": "29"}, headers={"If-Match": '"v2"'})

    assert [one.status_code for one in refused] == [428, 412]
    assert (changed.headers["etag"], changed.json()["name"], changed.json()["phone"]) == ('"v2"', "Ann", None)
    assert same.headers["etag"] == '"v2"'
    assert [one.entity_version for one in await published(session, UpsertPerson)] == [1, 2]


async def test_an_erased_customer_leaves_what_the_tax_law_wants_and_nothing_else(client: ApiClient, session: Session) -> None:
    shop = await open_shop(client)
    ann = await shop.customer(gstin=GSTIN, phone="+919812345678", address={"line1": "14 Hill Road", "city": "Mumbai"})
    await shop.cart(ann, CHAIR_1=1)
    await rows(session, "UPDATE carts SET abandoned_step = 1 RETURNING 1")
    order = (await shop.order(ann)).json()
    path = f"{CUSTOMERS}/{ann}"

    refused = await shop.api.delete(path, headers={"If-Match": '"v1"'})
    cancelled = await shop.act(order["id"], "cancellations", reason="changed their mind")
    erased = await shop.api.delete(path, headers={"If-Match": '"v1"'})
    again = await shop.api.delete(path, headers={"If-Match": '"v2"'})
    change = await shop.api.patch(path, json={"name": "Ann"}, headers={"If-Match": '"v2"'})
    new_order = await shop.order(ann)

    assert (code(refused), cancelled.status_code) == ((409, "customer_has_open_orders"), 201)
    assert (erased.status_code, again.status_code) == (204, 204)
    assert (code(change), code(new_order)) == ((409, "customer_erased"), (409, "customer_erased"))
    query = "SELECT name, email, phone, address, state_code, gstin, version FROM customers"
    assert await rows(session, query) == [("Erased customer", None, None, None, "27", GSTIN, 2)]
    assert await rows(session, "SELECT delivery FROM orders") == [({"state_code": "27"},)]
    assert await rows(session, "SELECT 1 FROM carts") == []
    nobody = await assert_published(session, UpsertPerson, reference=f"payments.customer:{ann}", entity_version=2)
    assert (nobody.name, nobody.email, nobody.phone, nobody.organization_id) == (None, None, None, OURS)
    await assert_published(session, CancelMessages, reason="the customer was erased")


async def test_customers_of_another_organization_are_not_there(client: ApiClient) -> None:
    ours, theirs = (Shop(client.as_role("operator", organization_id=whose)) for whose in (OURS, THEIRS))
    ann = await ours.customer()
    await theirs.customer(name="Theo")

    seen = await theirs.ok("GET", CUSTOMERS)
    answers = [
        await theirs.api.get(f"{CUSTOMERS}/{ann}"),
        await theirs.api.patch(f"{CUSTOMERS}/{ann}", json={"name": "x"}, headers={"If-Match": "*"}),
        await theirs.api.delete(f"{CUSTOMERS}/{ann}", headers={"If-Match": "*"}),
        await ours.api.get(f"{CUSTOMERS}/{uuid4()}"),
    ]

    assert [one["name"] for one in seen["items"]] == ["Theo"]
    assert [code(answer) for answer in answers] == [(404, "customer_not_found")] * 4


async def test_customers_are_listed_newest_first_by_page_and_found_by_address(operator: ApiClient) -> None:
    shop = Shop(operator)
    for name in ("Ann", "Ben", "Cem"):
        await shop.customer(name=name, email=f"{name}@example.com")

    first = await shop.ok("GET", CUSTOMERS, params={"limit": 2})
    second = await shop.ok("GET", CUSTOMERS, params={"limit": 2, "cursor": first["next_cursor"]})
    found = await shop.ok("GET", CUSTOMERS, params={"email": "BEN@example.com"})

    assert [one["name"] for page in (first, second) for one in page["items"]] == ["Cem", "Ben", "Ann"]
    assert (second["next_cursor"], [one["name"] for one in found["items"]]) == (None, ["Ben"])


def test_whatever_address_a_customer_may_have_an_invoice_can_print() -> None:
    longest = {"line1": "x" * 200, "line2": "y" * 200, "city": "z" * 100, "postal_code": "1" * 100, "country": "IN"}
    written = CustomerAddress.model_validate(longest).model_dump(mode="json")

    assert PrintedAddress.model_validate(written).model_dump() == longest
    for field in ("line1", "line2", "city", "postal_code"):
        with pytest.raises(ValidationError):
            CustomerAddress.model_validate(longest | {field: longest[field] + "x"})
