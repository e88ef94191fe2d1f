"""What narrows GET /v1/alerts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.alerts.acting import act, operator, raise_alerts
from services.alerts.tests.arrange import ETA, OURS, THEIRS, evaluate, have, line, rows
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

NORDLICHT = "Nordlicht Handels GmbH"


@pytest.fixture
async def caller(client: ApiClient, session: Session, clock: FrozenClock) -> ApiClient:
    """Somebody with four alerts: A info and resolved, B warning and acknowledged, C high and snoozed, D info and open.

    C and D are another customer's. D was raised two days after the others.
    """
    for reference, late, customer in (("A", 1, NORDLICHT), ("B", 3, NORDLICHT), ("C", 5, "Süd & Co, AG")):
        quoted = f'"{customer}"'
        await have(session, line(reference=reference, customer=quoted, current_eta=ETA - timedelta(days=late)))
    await have(session, line(reference="D", customer='"Süd & Co, AG"', current_eta=ETA + timedelta(days=1)))
    await evaluate(session, ETA)
    await session.execute(
        text("DELETE FROM due_evaluations USING shipments WHERE shipments.id = shipment_id AND reference <> 'D'")
    )
    await evaluate(session, ETA + timedelta(days=2))
    caller = operator(client)
    by_reference = {item["reference"]: UUID(item["id"]) for item in (await caller.get("/v1/alerts")).json()["items"]}
    await act(caller, by_reference["A"], "resolve")
    await act(caller, by_reference["B"], "acknowledge")
    await act(caller, by_reference["C"], "snooze", until=(clock() + timedelta(days=1)).isoformat())
    return caller


async def references(caller: ApiClient, **params: Any) -> str:
    items = (await caller.get("/v1/alerts", params=params)).json()["items"]
    return "".join(sorted(item["reference"] for item in items))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "ABCD"),
        ({"status": "open"}, "D"),
        ({"status": ["open", "acknowledged"]}, "BD"),
        ({"severity": ["info", "high"]}, "ACD"),
        ({"severity": "critical"}, ""),
        ({"status": ["open", "resolved"], "severity": "info"}, "AD"),
        ({"customer": NORDLICHT}, "AB"),
        ({"customer": "Süd & Co, AG"}, "CD"),
        ({"customer": "nordlicht handels gmbh"}, ""),
        ({"customer": "' OR true --"}, ""),
        ({"raised_from": "2026-03-03"}, "D"),
        ({"raised_to": "2026-03-02"}, "ABC"),
        ({"raised_from": "2026-03-04", "raised_to": "2026-03-04"}, "D"),
        ({"step": 1}, "AD"),
        ({"step": 3}, "C"),
        ({"snoozed": "true"}, "C"),
        ({"snoozed": "false"}, "ABD"),
        ({"email_sent": "true"}, ""),
        ({"email_sent": "false", "snoozed": "false", "customer": NORDLICHT, "status": "resolved"}, "A"),
    ],
)
async def test_filter_shows_what_meets_all_that_is_named(caller: ApiClient, params: dict[str, Any], expected: str) -> None:
    assert await references(caller, **params) == expected


async def test_alerts_of_one_shipment_or_of_one_run_are_found(caller: ApiClient, session: Session) -> None:
    ((shipment_id, run_id),) = await rows(
        session, "SELECT shipment_id, run_id FROM alerts JOIN shipments ON shipments.id = shipment_id WHERE reference = 'B'"
    )

    assert await references(caller, shipment_id=str(shipment_id)) == "B"
    assert await references(caller, run_id=str(run_id)) == "ABC"
    assert await references(caller, run_id=str(uuid7())) == ""


async def test_filter_holds_over_pages(client: ApiClient, session: Session) -> None:
    await raise_alerts(session, *"ABCDE")
    await raise_alerts(session, *"FGH", organization_id=THEIRS)
    caller = client.as_role("viewer", organization_id=OURS)

    first = (await caller.get("/v1/alerts", params={"severity": "info", "limit": 3})).json()
    following = {"severity": "info", "limit": 3, "cursor": first["next_cursor"]}
    second = (await caller.get("/v1/alerts", params=following)).json()

    assert [item["reference"] for item in first["items"] + second["items"]] == list("EDCBA")
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        "severity=bad",
        "status=open&status=lost",
        "&".join(["status=open"] * 11),
        "customer=",
        f"customer={'x' * 201}",
        "customer=%00",
        "shipment_id=7",
        "run_id=x",
        "raised_from=yesterday",
        "raised_from=2026-02-30",
        "raised_to=0",
        "raised_to=1026-03-02",
        "raised_from=2026-03-02&raised_to=2026-03-01",
        "step=0",
        "step=99999999999999999999",
        "snoozed=perhaps",
    ],
)
async def test_filters_that_mean_nothing_are_refused_everywhere(client: ApiClient, query: str) -> None:
    viewer = client.as_role("viewer", organization_id=OURS)

    answers = [await viewer.get(f"{path}?{query}") for path in ("/v1/alerts", "/v1/alerts/export.csv")]

    assert [answer.status_code for answer in answers] == [422, 422]
