"""The legal entities API."""

from typing import Any, Final
from uuid import uuid4

from services.payments.tests.invoices.arrange import GSTIN, OURS, THEIRS, issued, rows, seller
from shared.runtime.db import Session
from shared.testing.service import ApiClient

BODY: Final = {"name": "Sahyadri Packaging LLP", "gstin": GSTIN}
PUNE: Final = {"line1": "14 MG Road", "city": "Pune", "postal_code": "411005"}


async def create(client: ApiClient, body: dict[str, Any]) -> Any:
    """Create one for our organization."""
    operator = client.as_role("operator", organization_id=OURS)
    return await operator.post("/v1/legal-entities", json=body, headers={"Idempotency-Key": str(uuid4())})


async def test_created_entity_is_read_changed_and_deleted_by_its_version(client: ApiClient, session: Session) -> None:
    operator = client.as_role("operator", organization_id=OURS)
    created = await create(client, BODY)
    address, tag = created.headers["Location"], created.headers["ETag"]

    assert (created.status_code, created.json()["state_code"], created.json()["missing"]) == (201, "27", ["address"])
    assert (created.json()["round_to_minor"], created.json()["invoice_prefix"]) == (100, "INV")
    assert (await operator.get(address)).json() == created.json()
    changed = await operator.put(address, json={**BODY, "address": PUNE, "invoice_prefix": "PUN"}, headers={"If-Match": tag})
    assert (changed.json()["missing"], changed.json()["version"], changed.json()["invoice_prefix"]) == ([], 2, "PUN")
    stale = await operator.put(address, json=BODY, headers={"If-Match": tag})
    unnamed = await operator.delete(address)
    assert (stale.status_code, unnamed.status_code) == (412, 428)
    assert (await operator.delete(address, headers={"If-Match": changed.headers["ETag"]})).status_code == 204
    assert await rows(session, "SELECT 1 FROM legal_entities") == []


async def test_one_is_the_default_and_gives_way_to_a_newer_one(client: ApiClient, session: Session) -> None:
    first, second = await create(client, BODY), await create(client, {**BODY, "name": "Second"})
    third = await create(client, {**BODY, "name": "Third", "is_default": False})

    assert await rows(session, "SELECT name FROM legal_entities WHERE is_default") == [("Second",)]
    listed = await client.as_role("viewer", organization_id=OURS).get("/v1/legal-entities", params={"limit": 2})
    assert [item["id"] for item in listed.json()["items"]] == [third.json()["id"], second.json()["id"]]
    assert first.json()["id"] not in listed.text
    assert (await client.as_role("viewer", organization_id=THEIRS).get("/v1/legal-entities")).json()["items"] == []


BAD: Final[list[tuple[dict[str, Any], str]]] = [
    ({"gstin": "27AAPFU0939F1ZX"}, "the last character of the GSTIN"),
    ({"state_code": "29"}, "state_code is not the state of the GSTIN"),
    ({"invoice_prefix": "CN", "credit_note_prefix": "CN"}, "each series is one kind of document"),
    ({"invoice_prefix": "TOOLONG"}, "pattern"),
    ({"time_zone": "Mars/Olympus"}, "the time zone is not known"),
    ({"upi_id": "nobody"}, "pattern"),
    ({"currency": "XAU"}, "not a currency"),
    ({"logo": "x"}, "This field is not known"),
]


async def test_what_no_invoice_could_bear_is_refused(client: ApiClient, session: Session) -> None:
    for wrong, why in BAD:
        answer = await create(client, {**BODY, **wrong})
        assert answer.status_code == 422, wrong
        assert why in answer.text
    assert await rows(session, "SELECT 1 FROM legal_entities") == []


async def test_entity_that_documents_name_stays(client: ApiClient, session: Session) -> None:
    entity = await seller(session)
    await issued(session)
    operator = client.as_role("operator", organization_id=OURS)

    answer = await operator.delete(f"/v1/legal-entities/{entity.id}", headers={"If-Match": "*"})

    assert (answer.status_code, answer.json()["code"]) == (409, "legal_entity_in_use")
    assert await rows(session, "SELECT count(*) FROM legal_entities") == [(1,)]


async def test_foreign_entity_is_not_there(client: ApiClient, session: Session) -> None:
    entity = await seller(session)
    theirs, address = client.as_role("operator", organization_id=THEIRS), f"/v1/legal-entities/{entity.id}"

    answers = [
        await theirs.get(address),
        await theirs.put(address, json=BODY, headers={"If-Match": "*"}),
        await theirs.delete(address, headers={"If-Match": "*"}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "legal_entity_not_found")] * 3
    assert await rows(session, "SELECT version FROM legal_entities") == [(1,)]
