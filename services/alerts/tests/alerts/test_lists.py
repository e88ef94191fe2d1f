"""GET /v1/alerts and /v1/shipments: filters and pages."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import ETA, OURS, evaluate, have, line
from shared.runtime.db import Session
from shared.testing.service import ApiClient

OF_THE_RUN = ("id", "run_id", "policy_version_id", "created_at")


@pytest.fixture
async def viewer(client: ApiClient, session: Session) -> ApiClient:
    """Somebody who may read, with five late shipments and one that was delivered."""
    await have(session, *(line(reference=f"A{number}") for number in range(5)), line(reference="B", status="delivered"))
    await evaluate(session, ETA + timedelta(days=1))
    return client.as_role("viewer", organization_id=OURS)


async def everything(client: ApiClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items, page after page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params=params | cursor)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/shipments"])
@pytest.mark.parametrize("limit", [1, 2, 5, 200])
async def test_pages_hold_every_row_once_and_the_newest_first(viewer: ApiClient, path: str, limit: int) -> None:
    ids = [item["id"] for item in await everything(viewer, path, limit=limit)]

    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == {"/v1/alerts": 5, "/v1/shipments": 6}[path]


async def test_alerts_are_filtered_by_their_email_and_status(viewer: ApiClient, session: Session) -> None:
    await session.execute(
        text("UPDATE alerts SET email_sent = true, email_sent_at = now() WHERE id = (SELECT id FROM alerts ORDER BY id LIMIT 1)")
    )

    counts = [
        len(await everything(viewer, "/v1/alerts", limit=2, **params))
        for params in ({"email_sent": "true"}, {"email_sent": "false"}, {"status": "open"}, {"status": "resolved"})
    ]

    assert counts == [1, 4, 5, 0]


async def test_alert_tells_what_was_raised_and_what_became_of_its_email(viewer: ApiClient) -> None:
    shipments = {item["id"]: item["reference"] for item in await everything(viewer, "/v1/shipments")}

    alert = (await everything(viewer, "/v1/alerts"))[-1]

    assert shipments[alert.pop("shipment_id")] == "A0"
    assert {name: value for name, value in alert.items() if name not in OF_THE_RUN} == {
        "organization_id": str(OURS),
        "customer": "Nordlicht Handels GmbH",
        "reference": "A0",
        "shipment_status": "in_transit",
        "step": 1,
        "eta_revision": 1,
        "severity": "info",
        "days_late": 1,
        "raised_on": "2026-03-03",
        "reopens": None,
        "version": 1,
        "status": "open",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "snoozed_until": None,
        "resolved_at": None,
        "resolution": None,
        "email_sent": False,
        "email_sent_at": None,
        "email_retry_count": 0,
        "email_error": None,
        "email_requested_at": None,
    }


async def test_shipments_are_filtered_by_status(viewer: ApiClient) -> None:
    delivered = await everything(viewer, "/v1/shipments", status="delivered")

    assert [item["reference"] for item in delivered] == ["B"]


@pytest.mark.parametrize("query", ["status=lost", "email_sent=maybe", "cursor=x", "limit=0", "limit=201"])
async def test_filters_and_cursors_that_mean_nothing_are_refused(viewer: ApiClient, query: str) -> None:
    assert (await viewer.get(f"/v1/alerts?{query}")).status_code == 422
