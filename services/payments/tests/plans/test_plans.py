"""Plans: terms that are kept, newer ones that take their place, and what is refused."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
CHARGE: Final = {"sac": "998439", "unit_price_minor": 100_000, "tax_rate_bp": 1800}
PRO: Final[dict[str, Any]] = {"code": "pro", "name": "Pro", "charge": CHARGE}
BOX: Final[dict[str, Any]] = {"code": "box", "name": "Veg box", "interval": "week", "items": [{"sku": "VEG", "quantity": 2}]}
_PRODUCT: Final = text("""
    INSERT INTO products (organization_id, sku, name, hsn_sac, unit_price_minor, currency, tax_rate_bp, updated_at, updated_by)
    VALUES (:ours, 'VEG', 'Vegetables', '0709', 25000, 'INR', 500, :at, 'test')
""")


@pytest.fixture
def api(client: ApiClient) -> ApiClient:
    """Somebody who looks after an organization's plans."""
    return client.as_role("admin", organization_id=OURS)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_plan_keeps_its_terms_and_newer_ones_take_their_place(api: ApiClient, session: Session) -> None:
    plan = (await api.post("/v1/plans", json=PRO, headers=_key())).json()
    path, terms = f"/v1/plans/{plan['id']}", {"name": "Pro", "charge": CHARGE, "trial_days": 14}

    published = await api.post(f"{path}/versions", json=terms, headers={"If-Match": '"v1"'})
    again = await api.post(f"{path}/versions", json=terms, headers={"If-Match": '"v1"'})
    dollars = await api.post(f"{path}/versions", json=terms | {"currency": "USD"}, headers={"If-Match": "*"})
    taken = await api.post("/v1/plans", json=PRO, headers=_key())

    assert (published.status_code, again.status_code) == (201, 412)
    assert [(one.status_code, one.json()["code"]) for one in (dollars, taken)] == [
        (409, "plan_currency_fixed"),
        (409, "plan_exists"),
    ]
    found = (await api.get(f"{path}/versions")).json()
    assert [(one["number"], one["trial_days"]) for one in found] == [(2, 14), (1, 0)]
    with pytest.raises(DBAPIError, match="what is written there stays"):
        await session.execute(text("UPDATE plan_versions SET trial_days = 3"))


async def test_what_is_delivered_is_priced_by_the_catalogue(api: ApiClient, session: Session) -> None:
    await session.execute(_PRODUCT, {"ours": OURS, "at": MONDAY_MORNING})

    plan = (await api.post("/v1/plans", json=BOX, headers=_key())).json()

    line = {"sku": "VEG", "name": "Vegetables", "hsn_sac": "0709", "quantity": 2, "unit_price_minor": 25_000, "tax_rate_bp": 500}
    assert (plan["terms"]["delivers"], plan["terms"]["lines"]) == (True, [line])


@pytest.mark.parametrize(
    ("fields", "refusal", "says"),
    [
        ({"charge": CHARGE | {"unit_price_minor": 10.5}}, "invalid_request", "minor units"),
        ({"charge": CHARGE | {"unit_price_minor": -1}}, "invalid_request", "unit_price_minor"),
        ({"charge": CHARGE | {"unit_price_minor": 10**15}}, "plan_too_large", "max_quantity"),
        ({"charge": None}, "invalid_request", "send charge, or items"),
        ({"items": BOX["items"]}, "invalid_request", "not both"),
        ({"charge": None, "items": BOX["items"] * 2}, "invalid_request", "named once"),
        ({"charge": None, "items": BOX["items"]}, "unknown_sku", "VEG"),
        ({"interval": "fortnight"}, "invalid_request", "interval"),
        ({"interval_count": 0}, "invalid_request", "interval_count"),
        ({"min_quantity": 3, "max_quantity": 2}, "invalid_request", "max_quantity is below"),
        ({"currency": "RUPEES"}, "invalid_request", "currency"),
        ({"price": 5}, "invalid_request", "price"),
    ],
)
async def test_terms_that_cannot_be_are_refused_and_say_why(
    api: ApiClient, session: Session, fields: dict[str, Any], refusal: str, says: str
) -> None:
    answer = await api.post("/v1/plans", json=PRO | fields, headers=_key())

    assert (answer.json()["code"], answer.status_code) == (refusal, 422), answer.text
    assert says in answer.text
    assert await session.scalar(text("SELECT count(*) FROM plans")) == 0


async def test_other_organizations_see_nothing(api: ApiClient, client: ApiClient) -> None:
    plan = (await api.post("/v1/plans", json=PRO, headers=_key())).json()
    foreign = client.as_role("admin", organization_id=THEIRS)

    assert (await foreign.get(f"/v1/plans/{plan['id']}")).status_code == 404
    assert (await foreign.get("/v1/plans")).json()["items"] == []
