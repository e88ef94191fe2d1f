"""What counts when orders are matched: read, published, kept."""

from typing import Any

from httpx import Response

from services.payments.tests.matching.arrange import OURS, THEIRS, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

POLICY = "/v1/matching/policy"
WRITTEN = "SELECT number, price_weight, load_weight FROM matching_policies ORDER BY number"


async def publish(client: ApiClient, tag: str | None, **fields: Any) -> Response:
    """Publish a policy by which the price alone counts, but for what is named."""
    operator = client.as_role("operator", organization_id=OURS)
    headers = {"If-Match": tag} if tag is not None else {}
    return await operator.put(POLICY, json={"weights": {"price": 100}} | fields, headers=headers)


async def test_built_in_policy_holds_until_one_is_published(client: ApiClient, session: Session) -> None:
    viewer = client.as_role("viewer", organization_id=OURS)

    before = await viewer.get(POLICY)
    first = await publish(client, before.headers["etag"], offer_minutes=30)
    second = await publish(client, first.headers["etag"], weights={"load": 7})

    weights = {"price": 35, "lead_time": 15, "distance": 10, "quality": 20, "on_time": 15, "load": 5}
    assert (before.json()["number"], before.json()["weights"]) == (0, weights)
    assert (first.json()["number"], first.json()["offer_minutes"], second.json()["number"]) == (1, 30, 2)
    versions = (await viewer.get(f"{POLICY}/versions")).json()["items"]
    assert [(one["number"], one["offer_minutes"]) for one in versions] == [(2, 1440), (1, 30)]
    assert await rows(session, WRITTEN) == [(1, 100, 0), (2, 0, 7)]
    assert await rows(session, "SELECT organization_id, capability FROM matching_changes") == [(OURS, None)] * 2
    theirs = await client.as_role("viewer", organization_id=THEIRS).get(POLICY)
    assert theirs.json()["number"] == 0


async def test_policy_of_another_version_than_was_read_is_refused(client: ApiClient, session: Session) -> None:
    assert [(await publish(client, tag)).status_code for tag in (None, '"v1"')] == [428, 412]
    assert await rows(session, WRITTEN) == []


async def test_policy_that_cannot_be_is_refused(client: ApiClient, session: Session) -> None:
    wrong: list[dict[str, Any]] = [{"weights": weights} for weights in ({}, {"price": 101}, {"price": 0.5}, {"colour": 1})]
    wrong += [{"most_manufacturers": 4}, {"time_zone": "Mars/Olympus"}, {"offer_minutes": 4}]

    answers = [await publish(client, '"v0"', **fields) for fields in wrong]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "invalid_request")] * 7
    assert await rows(session, WRITTEN) == []
