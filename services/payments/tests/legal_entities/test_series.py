"""A prefix is one seller's under its GSTIN: a number is unique for each GSTIN and year (CGST Rules, rule 46(b))."""

import asyncio
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.payments.legal_entities.prefixes import free_prefix
from services.payments.tests.invoices.arrange import GSTIN, OURS, THEIRS, issued, rows, seller
from services.payments.tests.shop import key
from shared.runtime.db import Database, Session
from shared.testing.service import ApiClient

BODY: Final = {"name": "Sahyadri Packaging LLP", "gstin": GSTIN}
OTHER: Final = "29AAGCB7383J1Z4"
MIGRATION: Final = Path(__file__).parents[2] / "migrations" / "versions" / "0029_gst_series.py"
CLAIMS: Final = "SELECT series, legal_entity_id FROM gst_series WHERE gstin = :gstin ORDER BY series"


async def _create(client: ApiClient, organization_id: UUID = OURS, **fields: Any) -> httpx.Response:
    operator = client.as_role("operator", organization_id=organization_id)
    return await operator.post("/v1/legal-entities", json=BODY | fields, headers=key())


async def _put(client: ApiClient, entity_id: UUID, **fields: Any) -> httpx.Response:
    operator = client.as_role("operator", organization_id=OURS)
    return await operator.put(f"/v1/legal-entities/{entity_id}", json=BODY | fields, headers={"If-Match": "*"})


def _prefixes(answer: httpx.Response) -> tuple[str, str]:
    shown = answer.json()
    return shown["invoice_prefix"], shown["credit_note_prefix"]


async def test_whoever_names_no_prefix_gets_one_that_is_free(client: ApiClient) -> None:
    made = [await _create(client), await _create(client, THEIRS), await _create(client), await _create(client, gstin=OTHER)]
    unregistered = [await _create(client, gstin=None) for _ in range(2)]

    assert [_prefixes(one) for one in made] == [("INV", "CN"), ("INV2", "CN2"), ("INV3", "CN3"), ("INV", "CN")]
    assert [_prefixes(one) for one in unregistered] == [("INV", "CN")] * 2


@pytest.mark.parametrize("organization_id", [OURS, THEIRS])
@pytest.mark.parametrize("field", ["invoice_prefix", "credit_note_prefix"])
async def test_a_prefix_that_another_one_has_is_refused_with_one_that_is_free(
    client: ApiClient, session: Session, field: str, organization_id: UUID
) -> None:
    await _create(client)
    free = ""

    for prefix in ("INV", "CN"):
        answer = await _create(client, organization_id, **{field: prefix})
        assert (answer.status_code, answer.json()["code"]) == (409, "series_taken"), prefix
        free = answer.json()["free"][field]
        assert free in answer.json()["detail"]
        assert str(OURS) not in answer.text
    assert await rows(session, "SELECT count(*) FROM legal_entities") == [(1,)]
    assert (await _create(client, organization_id, **{field: free})).json()[field] == free


async def test_another_prefix_or_gstin_must_be_free_as_well_and_what_is_left_out_stays(
    client: ApiClient, session: Session
) -> None:
    first, second = await seller(session), await seller(session)

    refused = await _put(client, second.id, invoice_prefix="INV")
    same = await _put(client, second.id)
    named = await _put(client, second.id, invoice_prefix="PUN")
    elsewhere = await _put(client, first.id, gstin=OTHER)
    into = await _put(client, second.id, gstin=OTHER, credit_note_prefix="CR")

    assert (refused.status_code, refused.json()["code"]) == (409, "series_taken")
    assert [_prefixes(one) for one in (same, named, elsewhere, into)] == [
        ("INV2", "CN2"),
        ("PUN", "CN2"),
        ("INV", "CN"),
        ("PUN", "CR"),
    ]
    assert await rows(session, CLAIMS, gstin=GSTIN) == []
    claims = {"CN": first.id, "CR": second.id, "INV": first.id, "PUN": second.id}
    assert await rows(session, CLAIMS, gstin=OTHER) == list(claims.items())


async def test_a_prefix_is_free_again_unless_a_document_is_numbered_by_it(client: ApiClient, session: Session) -> None:
    first = await seller(session)
    await issued(session)
    await _put(client, first.id, invoice_prefix="NEW", credit_note_prefix="NEWCN")

    used = await _create(client, invoice_prefix="INV")
    unused = await _create(client, credit_note_prefix="CN")
    back = await _put(client, first.id, invoice_prefix="INV")

    assert (used.status_code, used.json()["code"]) == (409, "series_taken")
    assert (_prefixes(unused), _prefixes(back)) == (("INV2", "CN"), ("INV", "NEWCN"))


async def test_the_database_refuses_what_the_service_has_not(session: Session) -> None:
    _, second = await seller(session), await seller(session)
    query = text("UPDATE legal_entities SET invoice_prefix = :prefix WHERE id = :id")

    async def name(prefix: str) -> None:
        async with session.begin_nested():
            await session.execute(query, {"prefix": prefix, "id": second.id})

    for prefix in ("INV", "CN"):
        with pytest.raises(IntegrityError, match="numbers by"):
            await name(prefix)


@pytest.mark.commits
async def test_of_sellers_that_are_made_at_once_each_has_its_own(database: Database) -> None:
    async def make() -> str:
        async with database.unit_of_work() as session:
            return (await seller(session, is_default=False)).invoice_prefix

    assert sorted(await asyncio.gather(*(make() for _ in range(6)))) == ["INV", "INV2", "INV3", "INV4", "INV5", "INV6"]


@pytest.mark.commits
async def test_sellers_that_shared_a_prefix_before_go_on_and_are_told(
    client: ApiClient, database: Database, owner: asyncpg.Connection
) -> None:
    async with database.unit_of_work() as session:
        old, busy, late = [await seller(session) for _ in range(3)]
        await issued(session, legal_entity_id=busy.id)
    await _as_before_the_rule(owner)

    await owner.execute(MIGRATION.read_text().split('KNOWN = r"""')[1].split('"""')[0])
    listed = (await client.as_role("viewer", organization_id=OURS).get("/v1/legal-entities")).json()["items"]
    renamed = await _put(client, late.id, name="Another name", email="new@example.com")
    refused = await _create(client, invoice_prefix="INV")
    mended = await _put(client, late.id, invoice_prefix="PUN", credit_note_prefix="PUNCN")

    # The one that has numbered has the series, and of those that have not the oldest.
    claims = await owner.fetch("SELECT series, legal_entity_id FROM gst_series WHERE gstin = $1 ORDER BY series", GSTIN)
    assert [tuple(claim) for claim in claims] == [
        ("CN", old.id),
        ("INV", busy.id),
        ("INV2", busy.id),
        ("PUN", late.id),
        ("PUNCN", late.id),
    ]
    shared = {item["id"]: item["shared_prefixes"] for item in listed}
    assert shared == {str(old.id): ["INV"], str(busy.id): ["CN"], str(late.id): ["CN", "INV"]}
    assert (_prefixes(renamed), refused.status_code, mended.json()["shared_prefixes"]) == (("INV", "CN"), 409, [])


async def _as_before_the_rule(owner: asyncpg.Connection) -> None:
    """All number by INV and CN, and who has issued has done so by INV."""
    await owner.execute("""
        ALTER TABLE legal_entities DISABLE TRIGGER legal_entities_claim_their_series;
        UPDATE legal_entities SET invoice_prefix = 'INV', credit_note_prefix = 'CN';
        ALTER TABLE legal_entities ENABLE TRIGGER legal_entities_claim_their_series;
        INSERT INTO invoice_counters SELECT legal_entity_id, 'INV', financial_year, last_sequence, last_issued_on
                                       FROM invoice_counters;
        DELETE FROM gst_series;
    """)


def test_there_is_always_another_prefix() -> None:
    taken = set[str]()
    for _ in range(3000):
        taken.add(free_prefix("INV", taken))

    assert {"INV", "INV2", "INVA", "INV10", "INVZZ", "IN2"} <= taken
    assert max(map(len, taken)) == 5
