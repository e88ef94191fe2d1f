"""The tariffs API: versions that hold from a moment, and quotes by them."""

from typing import Any, Final
from uuid import UUID, uuid4

from services.payments.tests.invoices.arrange import OURS, THEIRS, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

RATES: Final = {
    "base_minor": 15000,
    "per_km_minor": 1850,
    "per_minute_minor": 300,
    "waiting_minute_minor": 200,
    "free_waiting_s": 300,
    "minimum_minor": 20000,
    "tax_rate_bp": 500,
    "sac": "996412",
}
TRIP: Final = {"mobility": "wheelchair", "distance_m": 18400, "duration_s": 2700, "waiting_s": 600}


async def publish(client: ApiClient, *, organization_id: UUID = OURS, **body: Any) -> Any:
    """Publish a tariff for wheelchairs, but for what is named."""
    operator = client.as_role("operator", organization_id=organization_id)
    return await operator.post(
        "/v1/tariffs", json={"mobility": "wheelchair", "rates": RATES, **body}, headers={"Idempotency-Key": str(uuid4())}
    )


async def test_trip_is_priced_by_the_version_that_holds_at_its_moment(client: ApiClient) -> None:
    first = await publish(client, valid_from="2026-01-01T00:00:00Z")
    dearer = await publish(client, valid_from="2026-04-01T00:00:00Z", rates={**RATES, "base_minor": 25000})
    viewer = client.as_role("viewer", organization_id=OURS)

    now = await viewer.post("/v1/tariffs/quote", json=TRIP)
    then = await viewer.post("/v1/tariffs/quote", json={**TRIP, "at": "2026-04-01T00:00:00Z"})

    assert (first.status_code, first.headers["Location"]) == (201, f"/v1/tariffs/{first.json()['id']}")
    assert (now.json()["tariff_id"], now.json()["taxable_minor"]) == (first.json()["id"], 60540)
    assert (then.json()["tariff_id"], then.json()["taxable_minor"]) == (dearer.json()["id"], 70540)
    assert now.json()["parts"][1] == {"description": "Distance, 18.4 km", "amount_minor": 34040}


async def test_moments_that_are_taken_or_past_are_refused_and_nothing_is_written(client: ApiClient, session: Session) -> None:
    await publish(client, valid_from="2026-03-02T09:00:00Z")

    past = await publish(client, valid_from="2026-03-02T08:59:59Z")
    same = await publish(client, valid_from="2026-03-02T09:00:00Z")

    assert (past.status_code, past.json()["code"]) == (409, "tariff_too_early")
    assert (same.status_code, same.json()["code"]) == (409, "tariff_version_exists")
    assert await rows(session, "SELECT count(*) FROM tariff_versions") == [(1,)]


async def test_tariffs_are_an_organizations_own(client: ApiClient) -> None:
    made = await publish(client)
    theirs = client.as_role("viewer", organization_id=THEIRS)

    quote = await theirs.post("/v1/tariffs/quote", json=TRIP)

    assert (quote.status_code, quote.json()["code"]) == (409, "no_tariff")
    assert (await theirs.get(f"/v1/tariffs/{made.json()['id']}")).status_code == 404
    assert (await theirs.get("/v1/tariffs")).json()["items"] == []
    ours = client.as_role("viewer", organization_id=OURS)
    assert (await ours.get("/v1/tariffs", params={"mobility": "wheelchair"})).json()["items"] == [made.json()]
    assert (await ours.get(f"/v1/tariffs/{made.json()['id']}")).json() == made.json()
    assert (await ours.post("/v1/tariffs", json={})).status_code == 403


async def test_rates_are_integers_within_bounds(client: ApiClient, session: Session) -> None:
    wrong = [
        {**RATES, "base_minor": 1.5},
        {**RATES, "per_km_minor": -1},
        {**RATES, "sac": "99641"},
        {**RATES, "tax_rate_bp": 10001},
    ]

    answers = [await publish(client, rates=rates) for rates in wrong]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert "never a float" in answers[0].text
    assert await rows(session, "SELECT 1 FROM tariff_versions") == []
