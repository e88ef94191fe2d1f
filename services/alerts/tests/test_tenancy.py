"""Whose rows a caller sees and writes."""

import pytest

from services.alerts.tests.arrange import OURS, THEIRS, alerts, csv_of, evaluate, have, line, noon, rows
from shared.contracts.alerts import EvaluateShipments
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published
from shared.testing.service import ApiClient

CSV = {"Content-Type": "text/csv"}
IMPORT = "/v1/shipments/import"


@pytest.fixture(autouse=True)
async def late_shipments(session: Session, clock: FrozenClock) -> None:
    """One late shipment, and so one alert, of each organization."""
    await have(session, line(reference="OURS", current_eta="2026-03-01"), organization_id=OURS)
    await have(session, line(reference="THEIRS", current_eta="2026-03-01"), organization_id=THEIRS)
    await evaluate(session, noon(clock().date()).date())


@pytest.mark.parametrize("path", ["/v1/shipments", "/v1/alerts"])
async def test_bound_caller_sees_the_rows_of_the_own_organization_alone(client: ApiClient, path: str) -> None:
    ours = client.as_role("viewer", organization_id=OURS)

    items = (await ours.get(path)).json()["items"]

    assert [item["organization_id"] for item in items] == [str(OURS)]
    assert (await ours.get(path, params={"organization_id": str(OURS)})).json()["items"] == items


@pytest.mark.parametrize("path", ["/v1/shipments", "/v1/alerts"])
async def test_unbound_caller_sees_all_rows_or_those_of_one_organization(client: ApiClient, path: str) -> None:
    viewer = client.as_role("viewer")

    everybodys = (await viewer.get(path)).json()["items"]
    theirs = (await viewer.get(path, params={"organization_id": str(THEIRS)})).json()["items"]

    assert [item["organization_id"] for item in everybodys] == [str(THEIRS), str(OURS)]
    assert [item["organization_id"] for item in theirs] == [str(THEIRS)]


@pytest.mark.parametrize("path", ["/v1/shipments", "/v1/alerts"])
async def test_naming_another_organization_is_refused(client: ApiClient, path: str) -> None:
    answer = await client.as_role("viewer", organization_id=OURS).get(path, params={"organization_id": str(THEIRS)})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_organization")


@pytest.mark.parametrize(
    ("bound_to", "named", "status", "code"),
    [
        (OURS, str(THEIRS), 403, "foreign_organization"),
        (None, None, 422, "organization_missing"),
        (None, "x", 422, "invalid_request"),
    ],
)
async def test_import_for_nobody_or_somebody_else_changes_nothing(
    client: ApiClient, session: Session, bound_to: object, named: str | None, status: int, code: str
) -> None:
    caller = client.as_role("operator", organization_id=OURS if bound_to else None)
    params = {"organization_id": named} if named else {}

    answer = await caller.post(IMPORT, content=csv_of(line(reference="NEW")), headers=CSV, params=params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(session, "SELECT reference FROM shipments ORDER BY reference") == [("OURS",), ("THEIRS",)]


async def test_unbound_operator_imports_for_the_organization_that_is_named(client: ApiClient, session: Session) -> None:
    operator, params = client.as_role("operator"), {"organization_id": str(THEIRS)}

    answer = await operator.post(IMPORT, content=csv_of(line(reference="OURS", carrier="MSC")), headers=CSV, params=params)

    assert answer.json()["created"] == 1
    assert await rows(session, "SELECT carrier FROM shipments WHERE reference = 'OURS' ORDER BY id") == [("Maersk",), ("MSC",)]


async def test_bound_caller_cannot_start_or_read_a_run_over_all_organizations(client: ApiClient, session: Session) -> None:
    ours = client.as_role("operator", organization_id=OURS)

    started = await ours.post("/v1/evaluations")
    read = await ours.get(f"/v1/evaluations/{OURS}")

    assert [answer.json()["code"] for answer in (started, read)] == ["bound_to_organization"] * 2
    await assert_nothing_published(session, EvaluateShipments)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", IMPORT),
        ("GET", "/v1/shipments"),
        ("POST", "/v1/shipments"),
        ("GET", f"/v1/shipments/{OURS}"),
        ("PATCH", f"/v1/shipments/{OURS}"),
        ("DELETE", f"/v1/shipments/{OURS}"),
        ("POST", f"/v1/shipments/{OURS}/holds"),
        ("POST", f"/v1/shipments/{OURS}/holds/{OURS}/release"),
        ("GET", "/v1/alerts"),
        ("POST", "/v1/evaluations"),
    ],
)
async def test_callers_without_the_scope_are_refused(client: ApiClient, session: Session, method: str, path: str) -> None:
    before = await alerts(session)
    wrong_scope = client.as_role(scopes=["alerts:write" if method == "GET" else "alerts:read"])

    refused = [(await caller.request(method, path)).status_code for caller in (client, wrong_scope)]

    assert refused == [401, 403]
    assert await alerts(session) == before


async def test_another_organizations_shipment_is_not_there_for_a_bound_caller(client: ApiClient, session: Session) -> None:
    ((theirs,),) = await rows(session, "SELECT id FROM shipments WHERE reference = 'THEIRS'")
    before = await rows(session, "SELECT *, xmin::text FROM shipments")
    ours, any_version = client.as_role("operator", organization_id=OURS), {"If-Match": "*"}
    address = f"/v1/shipments/{theirs}"

    answers = [
        await ours.get(address),
        await ours.patch(address, json={"carrier": "MSC"}, headers=any_version),
        await ours.delete(address, headers=any_version),
        await ours.post(f"{address}/holds", json={"kind": "customs"}),
        await ours.post(f"{address}/holds/{theirs}/release", json={}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "shipment_not_found")] * 5
    assert await rows(session, "SELECT *, xmin::text FROM shipments") == before


async def test_unbound_operator_changes_any_shipment_and_names_whose_a_new_one_is(client: ApiClient, session: Session) -> None:
    operator = client.as_role("operator")
    ((theirs,),) = await rows(session, "SELECT id FROM shipments WHERE reference = 'THEIRS'")
    names = dict.fromkeys(("reference", "customer", "carrier", "origin", "destination"), "NEW")
    new = {**names, "current_eta": "2026-03-01", "recipients": ["a@example.com"]}

    changed = await operator.patch(f"/v1/shipments/{theirs}", json={"carrier": "MSC"}, headers={"If-Match": "*"})
    unnamed = await operator.post("/v1/shipments", json=new)
    created = await operator.post("/v1/shipments", json=new, params={"organization_id": str(THEIRS)})

    assert (changed.status_code, unnamed.json()["code"], created.status_code) == (200, "organization_missing", 201)
    assert created.json()["organization_id"] == str(THEIRS)
