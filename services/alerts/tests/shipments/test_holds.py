"""Holds: why goods are held, since when and for how much."""

from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import OURS, have, line, rows
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

IN_FORCE = "SELECT kind, placed_on::text, released_on::text, fee_minor, currency FROM shipment_holds ORDER BY id"


@pytest.fixture
def today(clock: FrozenClock) -> str:
    """The clock's day."""
    return clock().date().isoformat()


@pytest.fixture
async def ours(client: ApiClient, session: Session) -> ApiClient:
    """Somebody of our organization, which has one shipment."""
    await have(session, line())
    await session.execute(text("DELETE FROM due_evaluations"))
    return client.as_role("operator", organization_id=OURS)


async def place(client: ApiClient, **values: Any) -> tuple[int, Any]:
    """(status, answer) of a hold placed on the one shipment."""
    answer = await client.post(f"{await address(client)}/holds", json={"kind": "customs"} | values)
    return answer.status_code, answer.json()


async def address(client: ApiClient) -> str:
    """Where the one shipment is."""
    (shipment,) = (await client.get("/v1/shipments")).json()["items"]
    return f"/v1/shipments/{shipment['id']}"


async def test_hold_is_placed_with_its_fee_and_the_shipment_due_again(ours: ApiClient, session: Session) -> None:
    status, hold = await place(ours, placed_on="2026-02-01", fee_minor=12_500, currency="EUR", note="x-ray")

    assert (status, hold["kind"], hold["fee_minor"], hold["released_on"]) == (201, "customs", 12_500, None)
    assert await rows(session, IN_FORCE) == [("customs", "2026-02-01", None, 12_500, "EUR")]
    shipment = (await ours.get(await address(ours))).json()
    assert (shipment["version"], shipment["changed_by"], shipment["holds"]) == (2, "user:test", [hold])
    assert await rows(session, "SELECT due_on::text FROM due_evaluations") == [("2026-03-03",)]


@pytest.mark.parametrize("fee", [2**31 - 1, 2**31, 2**63 - 1])
async def test_fee_of_any_size_is_kept(ours: ApiClient, session: Session, fee: int) -> None:
    status, hold = await place(ours, placed_on="2026-02-01", fee_minor=fee, currency="IDR")

    assert (status, hold["fee_minor"]) == (201, fee)
    assert await rows(session, IN_FORCE) == [("customs", "2026-02-01", None, fee, "IDR")]


async def test_kind_of_hold_is_in_force_once(ours: ApiClient, session: Session, today: str) -> None:
    await place(ours)

    status, problem = await place(ours, note="again")

    assert (status, problem["code"]) == (409, "hold_in_force")
    assert (await place(ours, kind="freight"))[0] == 201
    assert [row[:3] for row in await rows(session, IN_FORCE)] == [("customs", today, None), ("freight", today, None)]


async def test_hold_is_released_once_and_can_be_placed_again(ours: ApiClient, session: Session, today: str) -> None:
    _, hold = await place(ours, placed_on="2026-02-01")
    release = f"{await address(ours)}/holds/{hold['id']}/release"

    released = await ours.post(release, json={"released_on": "2026-02-03"})
    again = await ours.post(release, json={})

    assert (released.status_code, released.json()["released_on"]) == (200, "2026-02-03")
    assert (again.status_code, again.json()["code"]) == (409, "hold_released")
    assert (await place(ours))[0] == 201
    assert [row[:3] for row in await rows(session, IN_FORCE)] == [
        ("customs", "2026-02-01", "2026-02-03"),
        ("customs", today, None),
    ]


async def test_release_before_the_placing_or_in_the_future_is_refused(ours: ApiClient, session: Session) -> None:
    _, hold = await place(ours, placed_on="2026-02-01")
    release = f"{await address(ours)}/holds/{hold['id']}/release"

    codes = [
        (await ours.post(release, json={"released_on": day})).json()["code"] for day in ("2026-01-31", "2099-12-31", "1999-12-31")
    ]

    assert codes == ["hold_dates", "hold_dates", "invalid_request"]
    assert await rows(session, "SELECT released_on FROM shipment_holds") == [(None,)]


BAD: list[dict[str, Any]] = [
    {"kind": "police"},
    {"fee_minor": 100},
    {"currency": "EUR"},
    {"fee_minor": -1, "currency": "EUR"},
    {"fee_minor": 12.5, "currency": "EUR"},
    {"fee_minor": 2**63, "currency": "EUR"},
    {"fee_minor": True, "currency": "EUR"},
    {"fee_minor": 1, "currency": "euro"},
    {"note": "a\0b"},
    {"placed_on": "2099-12-31"},
    {"placed_on": "yesterday"},
]


@pytest.mark.parametrize("values", BAD, ids=str)
async def test_hold_that_cannot_be_meant_is_refused(ours: ApiClient, session: Session, values: dict[str, Any]) -> None:
    status, _ = await place(ours, **values)

    assert status == 422
    assert await rows(session, IN_FORCE) == []
    assert await rows(session, "SELECT version FROM shipments") == [(1,)]


async def test_hold_of_another_shipment_is_not_found(ours: ApiClient, session: Session) -> None:
    _, hold = await place(ours)
    await have(session, line(reference="OTHER"))
    other = (await ours.get("/v1/shipments", params={"reference": "OTHER"})).json()["items"][0]["id"]

    answer = await ours.post(f"/v1/shipments/{other}/holds/{hold['id']}/release", json={})

    assert (answer.status_code, answer.json()["code"]) == (404, "hold_not_found")
