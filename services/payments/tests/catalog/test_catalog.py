"""The catalogue: what is sold now, and for what it was sold at any time."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.payments.tests.shop import ADA, CHAIR, OURS, THEIRS, Shop, code, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

PRODUCTS = "/v1/products"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def shop(client: ApiClient) -> Shop:
    """Somebody who sells for OURS."""
    return Shop(client.as_role("operator", organization_id=OURS, subject=ADA))


async def test_every_price_that_a_product_had_stays_known(shop: Shop, session: Session) -> None:
    await shop.product(capability="wood_turning", lead_time_days=14)

    taken = await shop.api.post(PRODUCTS, json={**await shop.ok("GET", f"{PRODUCTS}/{CHAIR}")} | {"sku": CHAIR})
    stale = await shop.api.patch(f"{PRODUCTS}/{CHAIR}", json={"unit_price_minor": 1}, headers={"If-Match": '"v9"'})
    dearer = await shop.api.patch(f"{PRODUCTS}/{CHAIR}", json={"unit_price_minor": 130_000}, headers={"If-Match": '"v1"'})
    same = await shop.api.patch(f"{PRODUCTS}/{CHAIR}", json={"unit_price_minor": 130_000}, headers={"If-Match": '"v2"'})
    # However a price is changed, its history has it.
    await rows(session, "UPDATE products SET unit_price_minor = 140000, version = version + 1 RETURNING 1")
    history = await shop.ok("GET", f"{PRODUCTS}/{CHAIR}/versions", params={"limit": 2})
    oldest = await shop.ok("GET", f"{PRODUCTS}/{CHAIR}/versions", params={"limit": 2, "cursor": history["next_cursor"]})

    assert (taken.status_code, stale.status_code) == (422, 412)
    assert (dearer.headers["etag"], same.headers["etag"], dearer.json()["updated_by"]) == ('"v2"', '"v2"', ADA)
    prices = [(one["version"], one["unit_price_minor"]) for page in (history, oldest) for one in page["items"]]
    assert prices == [(3, 140_000), (2, 130_000), (1, 125_050)]


@pytest.mark.parametrize("change", ["UPDATE product_versions SET unit_price_minor = 1", "DELETE FROM product_versions"])
async def test_the_history_of_prices_cannot_be_changed(shop: Shop, session: Session, change: str) -> None:
    await shop.product()

    with pytest.raises(DBAPIError, match="what is written there stays"):
        await rows(session, change)


async def test_a_sku_is_taken_once_in_its_organization(shop: Shop, client: ApiClient) -> None:
    await shop.product()
    theirs = Shop(client.as_role("operator", organization_id=THEIRS))
    await theirs.product(name="Their chair")
    body = {"sku": CHAIR, "name": "x", "hsn_sac": "9401", "unit_price_minor": 1, "currency": "INR", "tax_rate_bp": 0}

    again = await shop.api.post(PRODUCTS, json=body)

    assert code(again) == (409, "product_exists")
    assert (await shop.ok("GET", f"{PRODUCTS}/{CHAIR}"))["name"] == "Oak chair"
    assert [one["name"] for one in (await theirs.ok("GET", PRODUCTS))["items"]] == ["Their chair"]
    assert code(await shop.api.get(f"{PRODUCTS}/CHAIR-2")) == (404, "product_not_found")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"sku": "-CHAIR"}, "#/sku"),
    ({"hsn_sac": "12345"}, "#/hsn_sac"),
    ({"unit_price_minor": -1}, "#/unit_price_minor"),
    ({"unit_price_minor": 12.5}, "#/unit_price_minor"),
    ({"unit_price_minor": 10**15 + 1}, "#/unit_price_minor"),
    ({"currency": "XXX"}, "#/currency"),
    ({"tax_rate_bp": 10_001}, "#/tax_rate_bp"),
    ({"colour": "red"}, "#/colour"),
]


async def test_what_cannot_be_sold_is_refused_and_a_float_is_told_of_minor_units(shop: Shop, session: Session) -> None:
    usual = {"sku": "A", "name": "x", "hsn_sac": "9401", "unit_price_minor": 1, "currency": "INR", "tax_rate_bp": 0}
    for fields, pointer in BAD:
        answer = await shop.api.post(PRODUCTS, json=usual | fields)
        (error,) = answer.json()["errors"]
        assert (code(answer), error["pointer"]) == ((422, "invalid_request"), pointer)
        assert fields != {"unit_price_minor": 12.5} or "12.50 INR is 1250" in error["detail"]

    assert await rows(session, "SELECT 1 FROM products") == []


async def test_a_file_keeps_its_good_rows_and_names_the_faults_of_others(shop: Shop, session: Session) -> None:
    await shop.product(sku="OLD")
    await shop.product(sku="USD", currency="USD")
    file = """sku,name,hsn_sac,unit_price_minor,currency,tax_rate_bp,lead_time_days,active
NEW,"Chair, oak",940161,125000,INR,1800,14,true
OLD,Old chair,940161,99000,INR,1800,,false
BAD,Chair,940161,12.50,INR,1800,,
NEW,Twice,940161,1,INR,0,,
SHORT,Chair
USD,Chair,940161,1,INR,0,,
"""

    first, second = [(await shop.ok("POST", f"{PRODUCTS}/import", content=file, headers=CSV)) for _ in range(2)]

    assert {name: first[name] for name in ("rows", "created", "updated", "unchanged", "rejected")} == {
        "rows": 6,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "rejected": 3,
    }
    assert [(one["line"], one["column"]) for one in first["problems"]] == [(4, "unit_price_minor"), (5, "sku"), (6, None)]
    assert (second["created"], second["updated"], second["unchanged"]) == (0, 0, 3)
    query = "SELECT sku, name, currency, lead_time_days, active, version FROM products ORDER BY sku"
    assert await rows(session, query) == [
        ("NEW", "Chair, oak", "INR", 14, True, 1),
        ("OLD", "Old chair", "INR", 0, False, 2),
        ("USD", "Oak chair", "USD", 0, True, 1),
    ]


@pytest.mark.parametrize(
    "file", [b"", b"sku,name\nA,B\n", b"\xff\xfe", b'sku,name,hsn_sac,unit_price_minor,currency,tax_rate_bp\nA,"x\n']
)
async def test_a_file_that_nobody_can_read_changes_nothing(shop: Shop, session: Session, file: bytes) -> None:
    answer = await shop.api.post(f"{PRODUCTS}/import", content=file, headers=CSV)

    assert code(answer) == (422, "unreadable_catalogue")
    assert await rows(session, "SELECT 1 FROM products") == []
