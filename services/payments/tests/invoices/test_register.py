"""The register as files, for people and for the return."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted, WantedLine
from services.payments.invoices.export import decimal_of
from services.payments.invoices.models import DraftLine
from services.payments.invoices.party_models import Buyer
from services.payments.invoices.register_repository import Days, RegisterReader
from services.payments.tests.invoices.arrange import ASHA, NEIGHBOUR, NOW, OURS, THEIRS, drafted, issued, seller
from shared.runtime.db import Session
from shared.runtime.http.csv_file import MEDIA_TYPE
from shared.testing.service import ApiClient

MARCH = {"issued_from": "2026-03-01", "issued_to": "2026-03-31"}


async def _read(client: ApiClient, name: str, organization_id: UUID = OURS) -> list[dict[str, str]]:
    answer = await client.as_role("viewer", organization_id=organization_id).get(f"/v1/invoices/{name}", params=MARCH)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPE)
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_register_has_every_document_and_sums_to_the_receivables(
    session: Session, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.payments.invoices.export.ROWS_PER_PAGE", 2)
    await seller(session)
    first, void = await issued(session), await issued(session, buyer=NEIGHBOUR)
    await deps.ending(session).void(void.id, None, NOW)
    await deps.credit_notes(session).issue(first.id, None, Wanted("deficiency", None, (WantedLine(2),)), NOW)
    await drafted(session)

    found = await _read(client, "register.csv")

    assert [(row["kind"], row["number"], row["status"], row["total"]) for row in found] == [
        ("invoice", "INV/2526/00001", "issued", "6256.00"),
        ("invoice", "INV/2526/00002", "void", "6256.00"),
        ("credit_note", "CN/2526/00001", "issued", "-1887.90"),
    ]
    assert [(row["igst"], row["cgst"], row["sgst"], row["for_invoice"]) for row in found] == [
        ("756.17", "0.00", "0.00", ""),
        ("0.00", "378.09", "378.08", ""),
        ("-89.90", "0.00", "0.00", "INV/2526/00001"),
    ]
    assert (found[0]["credited"], found[0]["balance"], found[0]["due_on"]) == ("1887.90", "4368.10", "2026-03-17")
    assert await _read(client, "register.csv", THEIRS) == []


async def test_return_lists_documents_in_force_by_rate_in_their_tables(session: Session, client: ApiClient) -> None:
    await seller(session, lut_reference="AD27")
    first = await issued(session)
    await issued(session, buyer=NEIGHBOUR)
    large = DraftLine("Machine", "84798999", 1, "NOS", 15_000_000, 0, 1800)
    await issued(session, buyer=Buyer(name="Ravi", state_code="29", address=ASHA.address), lines=[large])
    abroad = Buyer(name="=Acme", address=ASHA.address.model_copy(update={"country": "GB"}) if ASHA.address else None)
    await issued(session, buyer=abroad, supply_kind="export_with_lut")
    await deps.credit_notes(session).issue(first.id, None, Wanted("deficiency", None, (WantedLine(2),)), NOW)

    found = await _read(client, "gstr1.csv")

    assert [(row["Section"], row["Rate"], row["Taxable Value"], row["Integrated Tax"]) for row in found] == [
        ("B2B", "5.00", "1798.00", "89.90"),
        ("B2B", "18.00", "3701.50", "666.27"),
        ("B2CS", "5.00", "1798.00", "0.00"),
        ("B2CS", "18.00", "3701.50", "0.00"),
        ("B2CL", "18.00", "150000.00", "27000.00"),
        ("EXP", "5.00", "1798.00", "0.00"),
        ("EXP", "18.00", "3701.50", "0.00"),
        ("CDNR", "5.00", "-1798.00", "-89.90"),
    ]
    assert (found[0]["GSTIN/UIN of Recipient"], found[0]["Place Of Supply"]) == (ASHA.gstin, "29-Karnataka")
    assert (found[5]["Receiver Name"], found[5]["Invoice Type"], found[5]["Place Of Supply"]) == (
        "'=Acme",
        "WOPAY",
        "96-Outside India",
    )
    assert found[7]["Original Invoice Number"] == "INV/2526/00001"


def test_amounts_have_the_places_of_their_currency() -> None:
    shown = [decimal_of(125050, currency) for currency in ("INR", "JPY", "KWD")]

    assert shown == [Decimal("1250.50"), Decimal(125050), Decimal("125.050")]


def _most_rows(node: dict[str, Any]) -> float:
    own: float = node["Actual Loops"] * node["Actual Rows"]
    return max([own, *(_most_rows(one) for one in node.get("Plans", []))])


@pytest.mark.parametrize("list_page", [RegisterReader.documents, RegisterReader.by_rate])
async def test_a_page_of_a_large_register_reads_its_own_documents_and_none_of_those_that_follow(
    session: Session, list_page: Callable[..., Awaitable[Sequence[Any]]]
) -> None:
    await seller(session)
    for _ in range(120):
        await issued(session)
    await session.execute(text("ANALYZE invoices, invoice_lines, credit_notes, credit_note_lines"))
    seen: list[tuple[str, Any]] = []
    event.listen(session.get_bind().engine, "before_cursor_execute", lambda *said: seen.append((said[2], said[3])))

    found = await list_page(RegisterReader(session), Days(OURS, date(2026, 3, 1), date(2026, 3, 31)), None, 10)
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    assert connection is not None
    ((query, bound),) = [one for one in seen if "both_kinds" in one[0] or "LATERAL" in one[0]]
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *bound)

    assert len({row.id for row in found}) == 10
    assert _most_rows(told[0]["Plan"]) <= 40
