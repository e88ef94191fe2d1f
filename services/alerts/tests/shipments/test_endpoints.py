"""/v1/shipments: create, read, change, delete."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import OURS, evaluate, have, line, noon, rows
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

NEW: dict[str, Any] = {
    "reference": "MAEU1",
    "customer": "Nordlicht Handels GmbH",
    "mode": "sea",
    "carrier": "Maersk",
    "origin": "CNSHA",
    "destination": "DEHAM",
    "current_eta": "2026-03-02",
    "recipients": ["customs@example.com", "ops@example.com"],
    "missing_documents": ["Packing list; original"],
}


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def created(client: ApiClient, **values: Any) -> dict[str, Any]:
    """A new shipment."""
    answer = await client.post("/v1/shipments", json=NEW | values)
    assert answer.status_code == 201, answer.text
    shipment: dict[str, Any] = answer.json()
    return shipment


async def change(client: ApiClient, shipment: dict[str, Any], **values: Any) -> tuple[int, Any]:
    """(status, answer) of a change of the version that `shipment` is."""
    headers = {"If-Match": f'"v{shipment["version"]}"'}
    answer = await client.patch(f"/v1/shipments/{shipment['id']}", json=values, headers=headers)
    return answer.status_code, answer.json()


DUE = "SELECT due_on::text FROM due_evaluations ORDER BY due_on"


async def test_created_shipment_is_told_with_its_place_and_due_after_its_eta(ours: ApiClient, session: Session) -> None:
    answer = await ours.post("/v1/shipments", json=NEW)

    shipment = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"v1"')
    assert answer.headers["Location"] == f"/v1/shipments/{shipment['id']}"
    assert {name: shipment[name] for name in NEW} == NEW
    assert (shipment["status"], shipment["original_eta"], shipment["changed_by"]) == ("in_transit", "2026-03-02", "user:test")
    assert [(one["revision"], one["eta"], one["told_by"]) for one in shipment["eta_revisions"]] == [
        (1, "2026-03-02", "user:test")
    ]
    assert await rows(session, DUE) == [("2026-03-03",)]


async def test_delivered_shipment_is_never_due(ours: ApiClient, session: Session) -> None:
    await created(ours, status="delivered")

    assert await rows(session, DUE) == []


async def test_taken_reference_is_refused_with_the_shipment_that_has_it(ours: ApiClient, session: Session) -> None:
    known = await created(ours)

    answer = await ours.post("/v1/shipments", json=NEW | {"carrier": "MSC"})

    assert (answer.status_code, answer.json()["code"], answer.json()["shipment_id"]) == (409, "duplicate_reference", known["id"])
    assert await rows(session, "SELECT carrier FROM shipments") == [("Maersk",)]


async def test_shipment_is_read_by_its_id_and_not_again_while_it_is_the_same(ours: ApiClient) -> None:
    shipment = await created(ours)

    read = await ours.get(f"/v1/shipments/{shipment['id']}")
    again = await ours.get(f"/v1/shipments/{shipment['id']}", headers={"If-None-Match": read.headers["ETag"]})

    assert (read.json(), again.status_code) == (shipment, 304)


async def test_change_is_the_next_version_and_another_eta_the_next_revision(ours: ApiClient, session: Session) -> None:
    shipment = await created(ours)

    status, changed = await change(ours, shipment, current_eta="2026-03-09", mode=None, recipients=["new@example.com"])

    assert (status, changed["version"], changed["eta_revision"], changed["mode"]) == (200, 2, 2, None)
    assert changed["recipients"] == ["new@example.com"]
    assert (changed["original_eta"], changed["current_eta"]) == ("2026-03-02", "2026-03-09")
    assert [one["eta"] for one in changed["eta_revisions"]] == ["2026-03-02", "2026-03-09"]
    assert await rows(session, DUE) == [("2026-03-03",), ("2026-03-10",)]


async def test_change_to_what_it_is_makes_no_version(ours: ApiClient) -> None:
    shipment = await created(ours)

    status, same = await change(ours, shipment, carrier="Maersk", current_eta="2026-03-02")

    assert (status, same) == (200, shipment)


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"v2"'}, 412)])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_change_without_the_current_version_is_refused(
    ours: ApiClient, session: Session, method: str, headers: dict[str, str], status: int
) -> None:
    shipment = await created(ours)

    body = {"carrier": "MSC"} if method == "PATCH" else None
    answer = await ours.request(method, f"/v1/shipments/{shipment['id']}", headers=headers, json=body)

    assert answer.status_code == status
    assert await rows(session, "SELECT carrier, version FROM shipments") == [("Maersk", 1)]


async def test_status_that_cannot_follow_is_refused_with_those_that_can(ours: ApiClient, session: Session) -> None:
    shipment = await created(ours, status="released")

    status, problem = await change(ours, shipment, status="arrived", carrier="MSC")

    assert (status, problem["code"]) == (409, "illegal_transition")
    assert problem["legal"] == ["cancelled", "customs_hold", "delivered", "in_transit"]
    assert problem["detail"] == "arrived cannot follow released; legal are cancelled, customs_hold, delivered, in_transit"
    assert await rows(session, "SELECT carrier, status FROM shipments") == [("Maersk", "released")]


async def test_nothing_follows_a_delivery(ours: ApiClient) -> None:
    _, problem = await change(ours, await created(ours, status="delivered"), status="in_transit")

    assert problem["detail"] == "in_transit cannot follow delivered; nothing follows it: a new journey is a new shipment"


@pytest.mark.parametrize("values", [{"current_eta": "2026-04-01"}, {"status": "released"}])
async def test_change_of_eta_or_status_resolves_the_alerts_that_it_overtakes(
    ours: ApiClient, session: Session, clock: FrozenClock, values: dict[str, str]
) -> None:
    shipment = await created(ours, current_eta="2026-03-01")
    await evaluate(session, noon(clock().date()).date())

    status, _ = await change(ours, shipment, **values)

    assert status == 200
    assert {row[0] for row in await rows(session, "SELECT status FROM alerts")} == {"resolved"}


async def test_shipment_without_alerts_is_deleted_with_its_holds(ours: ApiClient, session: Session) -> None:
    shipment = await created(ours)
    await ours.post(f"/v1/shipments/{shipment['id']}/holds", json={"kind": "customs"})

    answer = await ours.delete(f"/v1/shipments/{shipment['id']}", headers={"If-Match": '"v2"'})

    assert answer.status_code == 204
    assert await session.scalar(text("SELECT count(*) FROM shipments")) == 0
    assert (await ours.get(f"/v1/shipments/{shipment['id']}")).json()["code"] == "shipment_not_found"


async def test_shipment_with_alerts_stays_and_can_be_cancelled(ours: ApiClient, session: Session, clock: FrozenClock) -> None:
    await have(session, line(current_eta="2026-03-01"))
    await evaluate(session, noon(clock().date()).date())
    (shipment,) = (await ours.get("/v1/shipments")).json()["items"]

    answer = await ours.delete(f"/v1/shipments/{shipment['id']}", headers={"If-Match": f'"v{shipment["version"]}"'})

    assert (answer.status_code, answer.json()["code"]) == (409, "shipment_in_use")
    assert "cancel it instead" in answer.json()["detail"]
    assert (await change(ours, shipment, status="cancelled"))[0] == 200


BAD: list[dict[str, Any]] = [
    {"reference": ""},
    {"reference": "  "},
    {"reference": "R" * 101},
    {"reference": "A\0B"},
    {"customer": "Nord\nlicht"},
    {"customer": 17},
    {"customer": None},
    {"mode": "ship"},
    {"status": "lost"},
    {"current_eta": "1926-03-02"},
    {"current_eta": "2026-02-30"},
    {"current_eta": 1_772_409_600},
    {"current_eta": "9" * 400},
    {"last_free_day": "soon"},
    {"recipients": []},
    {"recipients": ["nobody"]},
    {"recipients": ["a@example.com"] * 21},
    {"missing_documents": ["x" * 101]},
    {"organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34f0"},
]


@pytest.mark.parametrize("values", BAD, ids=str)
async def test_values_that_cannot_be_meant_are_refused_in_new_and_known_shipments(
    ours: ApiClient, session: Session, values: dict[str, Any]
) -> None:
    known = await created(ours, reference="KNOWN")

    answer = await ours.post("/v1/shipments", json=NEW | values)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await change(ours, known, **values))[0] == 422
    assert await rows(session, "SELECT reference, version FROM shipments") == [("KNOWN", 1)]


async def test_reference_cannot_be_changed(ours: ApiClient) -> None:
    status, problem = await change(ours, await created(ours), reference="OTHER")

    assert (status, problem["errors"][0]["pointer"]) == (422, "#/reference")


async def test_unknown_id_is_not_found(ours: ApiClient) -> None:
    answer = await ours.get(f"/v1/shipments/{UUID(int=7)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "shipment_not_found")
