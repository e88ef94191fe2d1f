"""The invoices API: drafts, issue, void, dispute, credit notes, history, lists."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted, WantedLine
from services.payments.tests.invoices.arrange import NOW, OURS, THEIRS, drafted, entries, issued, rows, seller
from shared.contracts.payments import InvoiceIssued
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published
from shared.testing.service import ApiClient

LINE: Final = {"description": "Box", "hsn_sac": "48191010", "quantity": 3, "unit_price_minor": 125050, "tax_rate_bp": 1800}
BODY: Final[dict[str, Any]] = {
    "buyer": {
        "name": "Asha",
        "gstin": "29AAGCB7383J1Z4",
        "address": {"line1": "7/2", "city": "Bengaluru", "postal_code": "560025"},
    },
    "lines": [LINE],
}


def key() -> dict[str, str]:
    """A new Idempotency-Key."""
    return {"Idempotency-Key": str(uuid4())}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def test_draft_is_previewed_changed_and_issued_once(session: Session, operator: ApiClient) -> None:
    await seller(session)
    made = await operator.post("/v1/invoices", json=BODY, headers=key())
    address = made.headers["Location"]

    preview = (await operator.get(f"{address}/preview")).json()
    assert (preview["can_be_issued"], preview["total_minor"]) == (True, 442700)
    assert preview["total_in_words"] == "Rupees Four Thousand Four Hundred Twenty-Seven Only"
    assert (await operator.get(f"{address}/preview.pdf")).content.startswith(b"%PDF-")
    changed = await operator.put(address, json={**BODY, "lines": [LINE, LINE]}, headers={"If-Match": made.headers["ETag"]})
    assert (made.json()["number"], changed.json()["total_minor"], len(changed.json()["lines"])) == (None, 885400, 2)
    once = key()
    done, replayed = [await operator.post(f"{address}/issue", headers=once) for _ in range(2)]
    again = await operator.post(f"{address}/issue", headers=key())

    assert (done.json()["number"], done.json()["place_of_supply"], done.json()["due_on"]) == (
        "INV/2526/00001",
        "29",
        "2026-03-17",
    )
    assert (replayed.json(), replayed.headers["Idempotent-Replayed"]) == (done.json(), "true")
    assert (again.status_code, again.json()["code"]) == (409, "invoice_not_draft")
    assert (await operator.get(address)).json() == done.json()
    history = (await operator.get(f"{address}/changes")).json()["items"]
    assert [(change["to_status"], change["actor"]) for change in history] == [("issued", "user:test")]


async def test_issued_invoice_is_neither_changed_nor_deleted(session: Session, operator: ApiClient) -> None:
    await seller(session)
    invoice = await issued(session)
    address, any_version = f"/v1/invoices/{invoice.id}", {"If-Match": "*"}

    answers = [
        await operator.put(address, json=BODY, headers=any_version),
        await operator.delete(address, headers=any_version),
        await operator.get(f"{address}/preview"),
        await operator.get(f"{address}/preview.pdf"),
    ]

    assert [answer.json()["code"] for answer in answers] == ["invoice_not_draft"] * 4
    assert await rows(session, "SELECT version, total_minor FROM invoices") == [(2, 625600)]


async def test_draft_is_deleted_by_its_version(session: Session, operator: ApiClient) -> None:
    await seller(session)
    made = await operator.post("/v1/invoices", json=BODY, headers=key())

    stale = await operator.delete(made.headers["Location"], headers={"If-Match": '"v7"'})
    gone = await operator.delete(made.headers["Location"], headers={"If-Match": made.headers["ETag"]})

    assert (stale.status_code, gone.status_code) == (412, 204)
    assert await rows(session, "SELECT 1 FROM invoices UNION ALL SELECT 1 FROM invoice_lines") == []


async def test_what_is_missing_is_listed_by_preview_and_issue(session: Session, operator: ApiClient) -> None:
    await seller(session, address=None)
    made = await operator.post("/v1/invoices", json={**BODY, "lines": [{**LINE, "hsn_sac": None}]}, headers=key())

    preview = (await operator.get(f"{made.headers['Location']}/preview")).json()
    refused = await operator.post(f"{made.headers['Location']}/issue", headers=key())

    assert (preview["can_be_issued"], preview["missing"]) == (
        False,
        ["the legal entity has no address", "each line needs an HSN or SAC code"],
    )
    assert (refused.status_code, refused.json()["code"], refused.json()["missing"]) == (
        422,
        "legal_entity_incomplete",
        ["address"],
    )
    assert await rows(session, "SELECT status FROM invoices") == [("draft",)]
    await assert_nothing_published(session, InvoiceIssued)


BAD: Final[list[tuple[dict[str, Any], str]]] = [
    ({"lines": []}, "at least 1 item"),
    ({"lines": [{**LINE, "unit_price_minor": 12.5}]}, "never a float: give amount_minor"),
    ({"lines": [{**LINE, "unit_price_minor": -1}]}, "greater than or equal to 0"),
    ({"lines": [{**LINE, "quantity": 0}]}, "greater than or equal to 1"),
    ({"lines": [{**LINE, "discount_minor": 375151}]}, "at most the whole price of the line"),
    ({"lines": [{**LINE, "unit_price_minor": 10**15}]}, "quantity times unit_price_minor must be at most"),
    ({"lines": [{**LINE, "description": "Box\x00"}]}, "should match pattern"),
    ({"supplied_from": 0, "supplied_to": 0}, "write it as 2026-11-20"),
    ({"currency": "XXX"}, "not a currency"),
    ({"supplied_from": "2026-03-02"}, "supplied_from and supplied_to go together"),
    ({"number": "INV/2526/00009"}, "This field is not known"),
]


async def test_bad_drafts_are_refused_with_their_place(session: Session, operator: ApiClient) -> None:
    await seller(session)

    for wrong, why in BAD:
        answer = await operator.post("/v1/invoices", json={**BODY, **wrong}, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), wrong
        assert why in answer.text
    assert await rows(session, "SELECT 1 FROM invoices") == []


async def test_customer_of_a_draft_is_the_organizations_own_and_says_how_to_be_reached(
    session: Session, client: ApiClient, operator: ApiClient
) -> None:
    await seller(session)
    customer = {"name": "Ann", "email": "ann@example.com", "phone": "+919812345678"}
    known = (await operator.post("/v1/customers", json=customer, headers=key())).json()["id"]
    theirs = client.as_role("operator", organization_id=THEIRS)
    foreign = (await theirs.post("/v1/customers", json=customer, headers=key())).json()["id"]

    made = await operator.post("/v1/invoices", json={**BODY, "customer_id": known}, headers=key())
    refused = await operator.post("/v1/invoices", json={**BODY, "customer_id": foreign}, headers=key())
    kept = await operator.put(made.headers["Location"], json={**BODY, "customer_id": foreign}, headers={"If-Match": "*"})

    assert (made.json()["buyer"]["email"], made.json()["buyer"]["phone"]) == ("ann@example.com", "+919812345678")
    assert [(answer.status_code, answer.json()["code"]) for answer in (refused, kept)] == [(422, "customer_unknown")] * 2
    assert await rows(session, "SELECT customer_id FROM invoices") == [(UUID(known),)]


async def test_unknown_state_is_refused(session: Session, operator: ApiClient) -> None:
    await seller(session)

    answer = await operator.post("/v1/invoices", json={**BODY, "place_of_supply": "55"}, headers=key())

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_state")


async def test_void_dispute_and_credit_by_http(session: Session, operator: ApiClient) -> None:
    await seller(session)
    first, second = await issued(session), await issued(session)
    why = {"reason": "Wrong buyer"}

    void = await operator.post(f"/v1/invoices/{first.id}/void", json=why, headers=key())
    disputed = await operator.post(f"/v1/invoices/{second.id}/dispute", json=why, headers=key())
    over = await operator.post(f"/v1/invoices/{second.id}/end-dispute", json=why, headers=key())
    body = {"reason": "goods_returned", "lines": [{"line": 1, "quantity": 1}]}
    note = await operator.post(f"/v1/invoices/{second.id}/credit-notes", json=body, headers=key())

    assert (void.json()["status"], void.json()["balance_minor"]) == ("void", 0)
    assert (disputed.json()["disputed_at"] is not None, over.json()["disputed_at"]) == (True, None)
    assert (note.status_code, note.json()["number"], note.json()["total_minor"]) == (201, "CN/2526/00001", 145592)
    assert (await operator.get(note.headers["Location"])).json() == note.json()
    listed = await operator.get("/v1/credit-notes", params={"invoice_id": str(second.id)})
    assert [item["id"] for item in listed.json()["items"]] == [note.json()["id"]]
    assert (await entries(session, "credit_note", UUID(note.json()["id"])))["accounts_receivable"] == -145592
    twice = {"reason": "other", "lines": [{"line": 1}, {"line": 1}]}
    assert (await operator.post(f"/v1/invoices/{second.id}/credit-notes", json=twice, headers=key())).status_code == 422


async def test_list_shows_what_is_meant_newest_first_in_pages(session: Session, operator: ApiClient) -> None:
    await seller(session)
    made = [await issued(session) for _ in range(3)]
    draft_id = await drafted(session)

    async def ids(**query: object) -> list[str]:
        answer = await operator.get("/v1/invoices", params={name: str(value) for name, value in query.items()})
        return [item["id"] for item in answer.json()["items"]]

    newest = [str(one.id) for one in reversed(made)]
    assert await ids() == [str(draft_id), *newest]
    assert await ids(status="issued") == newest
    assert await ids(number="INV/2526/00002") == [newest[1]]
    assert await ids(overdue_on="2026-03-18") == newest
    assert await ids(overdue_on="2026-03-17") == []
    assert await ids(issued_from="2026-03-03") == []
    first = (await operator.get("/v1/invoices", params={"limit": 2, "status": "issued"})).json()
    assert await ids(limit=2, status="issued", cursor=first["next_cursor"]) == newest[2:]


async def test_foreign_invoices_are_not_there(session: Session, client: ApiClient) -> None:
    await seller(session)
    invoice = await issued(session)
    note = await deps.credit_notes(session).issue(invoice.id, None, Wanted("other", None, (WantedLine(1, 1),)), NOW)
    theirs, address = client.as_role("operator", organization_id=THEIRS), f"/v1/invoices/{invoice.id}"
    before = await rows(session, "SELECT *, xmin::text FROM invoices")

    answers = [
        await theirs.get(address),
        await theirs.get(f"{address}/changes"),
        await theirs.get(f"{address}/preview"),
        await theirs.put(address, json=BODY, headers={"If-Match": "*"}),
        await theirs.post(f"{address}/issue", headers=key()),
        await theirs.post(f"{address}/void", json={"reason": "x"}, headers=key()),
        await theirs.post(f"{address}/credit-notes", json={"reason": "other"}, headers=key()),
        await theirs.get(f"/v1/credit-notes/{note.id}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 8
    assert (await theirs.get("/v1/invoices")).json()["items"] == []
    assert await rows(session, "SELECT *, xmin::text FROM invoices") == before


async def test_what_moves_money_needs_a_key(session: Session, operator: ApiClient) -> None:
    await seller(session)
    invoice = await issued(session)

    answers = [
        await operator.post("/v1/invoices", json=BODY),
        await operator.post("/v1/invoices/generate", json={"order_id": str(OURS)}),
        *[
            await operator.post(f"/v1/invoices/{invoice.id}/{what}", json={"reason": "other"})
            for what in ("issue", "void", "dispute", "end-dispute", "credit-notes")
        ],
    ]

    assert [answer.json()["code"] for answer in answers] == ["idempotency_key_missing"] * 7
    assert await rows(session, "SELECT status FROM invoices") == [("issued",)]


async def test_one_source_is_named(operator: ApiClient) -> None:
    bodies: list[dict[str, str]] = [
        {},
        {"order_id": str(OURS), "trip_id": str(OURS)},
        {"subscription_id": str(OURS)},
        {"period_start": "2026-03-01", "trip_id": str(OURS)},
    ]

    answers = [await operator.post("/v1/invoices/generate", json=body, headers=key()) for body in bodies]

    assert [answer.status_code for answer in answers] == [422] * 4
