"""/v1/manufacturers: who they are, what they can make, and whether anybody may order there."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from services.payments.tests.matching.arrange import OURS, THEIRS, have_maker, have_order, match, rows
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

PATH = "/v1/manufacturers"
NEW = {"code": "PUNE-CAST", "name": "Pune Castings", "email": "orders@pune.example", "latitude": 18.5204, "longitude": 73.8567}
TERMS = {"unit_price_minor": 12_500, "currency": "INR", "lead_time_days": 10, "capacity_units": 500}
CHANGES = "SELECT capability FROM matching_changes ORDER BY id"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def tag_of(operator: ApiClient, maker_id: UUID) -> str:
    tag: str = (await operator.get(f"{PATH}/{maker_id}")).headers["etag"]
    return tag


async def put(operator: ApiClient, maker_id: UUID, capability: str = "milling", **terms: Any) -> Response:
    """Say what a manufacturer can make, on the usual terms but for what is named."""
    headers = {"If-Match": await tag_of(operator, maker_id)}
    return await operator.put(f"{PATH}/{maker_id}/capabilities/{capability}", json=TERMS | terms, headers=headers)


async def test_manufacturer_is_created_read_changed_and_found(operator: ApiClient, session: Session) -> None:
    created = await operator.post(PATH, json=NEW | {"serves": ["29", "27", "27"]})
    address = created.headers["location"]
    changed = await operator.patch(
        address, json={"serves": None, "name": "Pune Works"}, headers={"If-Match": created.headers["etag"]}
    )
    same = await operator.patch(address, json={"name": "Pune Works"}, headers={"If-Match": changed.headers["etag"]})
    read = await operator.get(address, headers={"If-None-Match": same.headers["etag"]})

    assert (created.status_code, created.json()["serves"], created.json()["version"]) == (201, ["27", "29"], 1)
    assert (changed.json()["serves"], changed.json()["name"], changed.json()["version"]) == (None, "Pune Works", 2)
    assert (same.json()["version"], read.status_code) == (2, 304)
    record = {"deliveries": 0, "on_time": 0, "units": 0, "rejected": 0, "quality_bp": 9_500, "on_time_bp": 8_000}
    assert (created.json()["record"], created.json()["capabilities"]) == (record, [])
    await put(operator, UUID(created.json()["id"]))
    for query, count in (
        ({"capability": "milling"}, 1),
        ({"capability": "casting"}, 0),
        ({"active": "false"}, 0),
        ({"blocked": "false"}, 1),
    ):
        assert len((await operator.get(PATH, params=query)).json()["items"]) == count
    assert await rows(session, CHANGES) == [(None,), ("milling",)]


async def test_code_that_is_taken_is_refused_with_the_one_that_has_it(operator: ApiClient, session: Session) -> None:
    first = await operator.post(PATH, json=NEW)

    answer = await operator.post(PATH, json=NEW | {"name": "Another"})

    assert (answer.status_code, answer.json()["code"], answer.json()["manufacturer_id"]) == (
        409,
        "manufacturer_exists",
        first.json()["id"],
    )
    assert await rows(session, "SELECT name FROM manufacturers") == [("Pune Castings",)]


async def test_manufacturer_that_cannot_be_is_refused(operator: ApiClient, session: Session) -> None:
    wrong: list[dict[str, Any]] = [{"latitude": 90.1}, {"longitude": -181}, {"serves": []}, {"serves": ["99x"]}]
    wrong += [{"email": "nobody"}, {"code": " "}, {"quality_bp": 10_000}]

    answers = [await operator.post(PATH, json=NEW | fields) for fields in wrong]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "invalid_request")] * 7
    assert await rows(session, "SELECT count(*) FROM manufacturers") == [(0,)]


async def test_blocked_manufacturer_says_since_when_why_and_by_whom(operator: ApiClient, session: Session) -> None:
    maker_id = await have_maker(session)
    address = f"{PATH}/{maker_id}"

    blocked = await operator.post(f"{address}/block", json={"reason": "EU list"}, headers={"If-Match": '"v1"'})
    stale = await operator.post(f"{address}/unblock", headers={"If-Match": '"v1"'})
    free = await operator.post(f"{address}/unblock", headers={"If-Match": '"v2"'})

    assert (blocked.json()["blocked_reason"], blocked.json()["blocked_at"]) == ("EU list", "2026-03-02T09:00:00Z")
    assert blocked.json()["blocked_by"]
    assert (stale.status_code, free.json()["blocked_at"], free.json()["version"]) == (412, None, 3)
    assert await rows(session, CHANGES) == [(None,)]


async def test_only_a_manufacturer_that_was_never_asked_can_be_deleted(operator: ApiClient, session: Session) -> None:
    asked, other = await have_maker(session, "A"), await have_maker(session, "B", ["casting"])
    await have_order(session, ("milling", 1))
    await match(session)

    refused, deleted = [await operator.delete(f"{PATH}/{one}", headers={"If-Match": "*"}) for one in (asked, other)]

    assert (refused.status_code, refused.json()["code"], deleted.status_code) == (409, "manufacturer_in_use", 204)
    assert await rows(session, "SELECT code FROM manufacturers") == [("A",)]


async def test_capability_is_said_replaced_and_taken_away(operator: ApiClient, session: Session) -> None:
    maker_id = await have_maker(session, "A", [])

    said = await put(operator, maker_id)
    replaced = await put(operator, maker_id, unit_price_minor=9_900, minimum_quantity=50, capacity_period="day")
    same = await put(operator, maker_id, unit_price_minor=9_900, minimum_quantity=50, capacity_period="day")
    headers = {"If-Match": "*"}
    gone, unknown = [
        await operator.delete(f"{PATH}/{maker_id}/capabilities/{one}", headers=headers) for one in ("milling", "welding")
    ]

    assert said.json()["capabilities"] == [TERMS | {"capability": "milling", "minimum_quantity": 1, "capacity_period": "week"}]
    assert (replaced.json()["capabilities"][0]["minimum_quantity"], replaced.json()["version"]) == (50, 3)
    assert (same.json()["version"], gone.json()["capabilities"]) == (3, [])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "capability_not_found")
    assert await rows(session, CHANGES) == [("milling",), ("milling",)]


async def test_terms_that_cannot_be_are_refused(operator: ApiClient, session: Session) -> None:
    maker_id = await have_maker(session, "A", [])
    wrong: list[dict[str, Any]] = [{"unit_price_minor": price} for price in (0, 12.5, 10**10 + 1)]
    wrong += [{"currency": "XXX"}, {"capacity_units": -1}, {"lead_time_days": 731}]
    wrong += [{"capacity_period": "month"}, {"minimum_quantity": 0}]

    answers = [await put(operator, maker_id, **terms) for terms in wrong]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "invalid_request")] * 8
    assert await rows(session, "SELECT count(*) FROM manufacturer_capabilities") == [(0,)]


async def test_units_that_are_promised_stay_promised_when_the_capacity_is_lowered(operator: ApiClient, session: Session) -> None:
    maker_id = await have_maker(session, "A", unit_price_minor=12_500)
    await have_order(session, ("milling", 80))
    await match(session)

    lowered = await put(operator, maker_id, capacity_units=30)
    by_day = await put(operator, maker_id, capacity_units=30, capacity_period="day")
    deleted = await operator.delete(f"{PATH}/{maker_id}/capabilities/milling", headers={"If-Match": "*"})

    assert lowered.status_code == 200
    assert [(one.status_code, one.json()["code"]) for one in (by_day, deleted)] == [(409, "capacity_in_use")] * 2
    shown = (await operator.get(f"{PATH}/{maker_id}/capacity")).json()
    assert shown["periods"] == [{"capability": "milling", "starts_on": "2026-03-02", "capacity_units": 80, "reserved_units": 80}]


async def test_units_are_promised_until_the_day_is_over_where_the_organization_is(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    maker_id = await have_maker(session, "A", capacity_period="day")
    await have_order(session, ("milling", 80))
    await match(session)
    ((last,),) = await rows(session, "SELECT max(starts_on) FROM capacity_periods")
    answers = []
    for minute in (29, 30):
        clock.set(datetime(last.year, last.month, last.day, 18, minute, tzinfo=UTC))
        answers.append(await operator.delete(f"{PATH}/{maker_id}/capabilities/milling", headers={"If-Match": "*"}))

    assert [one.status_code for one in answers] == [409, 200]


async def test_another_organizations_manufacturer_is_not_there(client: ApiClient, session: Session) -> None:
    maker_id = await have_maker(session)
    theirs, address = client.as_role("operator", organization_id=THEIRS), f"{PATH}/{maker_id}"
    any_version = {"If-Match": "*"}

    answers = [
        await theirs.get(address),
        await theirs.patch(address, json={"active": False}, headers=any_version),
        await theirs.delete(address, headers=any_version),
        await theirs.post(f"{address}/block", json={"reason": "x"}, headers=any_version),
        await theirs.post(f"{address}/unblock", headers=any_version),
        await theirs.put(f"{address}/capabilities/milling", json=TERMS, headers=any_version),
        await theirs.delete(f"{address}/capabilities/milling", headers=any_version),
        await theirs.get(f"{address}/capacity"),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "manufacturer_not_found")] * 8
    assert (await theirs.get(PATH)).json()["items"] == []
    assert (await client.as_role("viewer", organization_id=OURS).post(PATH, json=NEW)).status_code == 403
    assert (await client.as_role("operator").post(PATH, json=NEW)).json()["code"] == "organization_missing"
    assert await rows(session, "SELECT active, version, blocked_at FROM manufacturers") == [(True, 1, None)]
    assert await session.scalar(text("SELECT count(*) FROM manufacturer_capabilities")) == 1
