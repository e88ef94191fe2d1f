"""GET /v1/alerts/export.csv."""

import csv
import io
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from services.alerts.alerts import export
from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.report_repository import HEADER
from services.alerts.deps import alert_export
from services.alerts.tests.alerts.acting import act, add_alerts, operator, raise_alerts
from services.alerts.tests.arrange import OURS, THEIRS
from shared.runtime.db import Database, Session
from shared.testing.service import ApiClient

EXPORT = "/v1/alerts/export.csv"


def parsed(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


async def test_file_holds_what_the_list_shows(client: ApiClient, session: Session) -> None:
    await raise_alerts(session, "A", "B", late=3)
    viewer = client.as_role("viewer", organization_id=OURS)

    answer = await viewer.get(EXPORT)

    shown = (await viewer.get("/v1/alerts")).json()["items"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="alerts.csv"'
    assert answer.content.startswith(",".join(HEADER).encode() + b"\r\n")
    columns = ("id", "customer", "reference", "shipment_status", "severity", "raised_on", "status", "days_late")
    assert [[row[name] for name in columns] for row in parsed(answer.content)] == [
        [str(alert[name]) for name in columns] for alert in shown
    ]
    assert [row["email_sent"] for row in parsed(answer.content)] == ["false", "false"]


@pytest.mark.parametrize("customer", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
async def test_cell_that_looks_like_a_formula_is_shown_and_not_carried_out(
    client: ApiClient, session: Session, customer: str
) -> None:
    await raise_alerts(session)
    await session.execute(text("UPDATE shipments SET customer = :customer"), {"customer": customer})

    (row,) = parsed((await client.as_role("viewer").get(EXPORT)).content)

    assert row["customer"] == f"'{customer}"


async def test_commas_quotes_line_ends_and_letters_of_the_world_are_kept(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session, customer='"Łódź, ""Süd"" 東京"')
    await act(operator(client, 'user:"a", b\r\nc'), alert_id, "acknowledge")

    (row,) = parsed((await client.as_role("viewer").get(EXPORT)).content)

    assert (row["customer"], row["acknowledged_by"]) == ('Łódź, "Süd" 東京', 'user:"a", b\r\nc')


async def test_filters_and_organizations_are_those_of_the_list(client: ApiClient, session: Session) -> None:
    await raise_alerts(session, "A", "B", organization_id=THEIRS)
    (first, _) = await raise_alerts(session, "A", "B")
    await act(operator(client), first, "resolve")
    ours = client.as_role("viewer", organization_id=OURS)

    open_ones = parsed((await ours.get(EXPORT, params={"status": "open"})).content)
    none = await ours.get(EXPORT, params={"customer": "nobody"})
    foreign = await ours.get(EXPORT, params={"organization_id": str(THEIRS)})

    assert [(row["organization_id"], row["reference"]) for row in open_ones] == [(str(OURS), "B")]
    assert none.content == ",".join(HEADER).encode() + b"\r\n"
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_organization")
    assert (await ours.get(EXPORT, params={"customer": "\x00"})).status_code == 422


@pytest.mark.parametrize("count", [1, 3, 4, 7])
async def test_pages_hold_every_row_once(
    client: ApiClient, session: Session, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(export, "ROWS_PER_PAGE", 3)
    ids = await add_alerts(session, count)

    found = [row["id"] for row in parsed((await client.as_role("viewer").get(EXPORT)).content)]

    assert found == sorted(map(str, ids), reverse=True)


@pytest.mark.commits
async def test_long_file_comes_in_parts_and_holds_no_transaction_meanwhile(database: Database) -> None:
    async with database.unit_of_work() as session:
        await add_alerts(session, 2 * export.ROWS_PER_PAGE + 1)

    parts: AsyncIterator[bytes] = await alert_export(database).begin(AlertFilter(), OURS)
    lines = []
    async for part in parts:
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # every pool that we open counts
        lines.append(part.count(b"\r\n"))

    assert lines == [export.ROWS_PER_PAGE + 1, export.ROWS_PER_PAGE, 1]
