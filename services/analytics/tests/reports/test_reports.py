"""Reports: made once, the same bytes for the same moment, told to each once, and seen by nobody else."""

import hashlib
import io
import re
import zipfile
from datetime import date, timedelta
from typing import Any, Final

import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

from services.analytics.reports.files import MAKERS
from services.analytics.tests.events.arrange import rows
from services.analytics.tests.kpis.arrange import NOW, OURS, THEIRS, happen, told
from shared.contracts.analytics import GenerateDailyReports, GenerateReport
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

REPORTS: Final = "/v1/reports"
DAY: Final = "2026-03-01"
AS_OF: Final = "2026-03-02T00:20:00Z"
YESTERDAY: Final = NOW - timedelta(days=1)
BODY: Final = {"from": DAY, "to": DAY, "as_of": AS_OF}


@pytest.fixture(autouse=True)
async def business(session: Session, joined_database: Database, clock: FrozenClock) -> None:
    """Orders and trips of yesterday, and of the day before."""
    values = ((YESTERDAY, 125_000), (YESTERDAY, 25_000), (YESTERDAY - timedelta(days=1), 100_000))
    orders = [told("payments.order_placed", at, value, user="c:1", currency="INR", lines=1) for at, value in values]
    trips = [told("trips.trip_completed", YESTERDAY, distance_m=12_500, duration_s=600, waiting_s=60)]
    await happen(session, joined_database, clock, [(OURS, one) for one in (*orders, *trips)])


async def made(client: ApiClient, session: Session, run_task: TaskRunner, **body: Any) -> tuple[ApiClient, str]:
    """Our operator, and where the report is that they have asked for and that was made."""
    desk = client.as_role("operator", organization_id=OURS)
    answer = await desk.post(REPORTS, json=BODY | body)
    assert answer.status_code == 202, answer.text
    for message in await published(session, GenerateReport):
        assert (await run_task(message)).outcome == "done"
    return desk, answer.headers["Location"]


async def test_a_report_is_made_step_by_step_and_its_manifest_knows_every_file(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    desk, location = await made(client, session, run_task)
    shown = (await desk.get(location)).json()
    manifest = (await desk.get(f"{location}/files/manifest.json")).json()

    report = shown["report"]
    assert (report["status"], report["progress"], report["kind"], report["organization_id"]) == ("done", 1, "daily", str(OURS))
    assert {one["name"] for one in shown["files"]} == {*MAKERS, "manifest.json"}
    assert manifest["figures_sha256"] == report["figures_sha256"]
    for one in manifest["files"]:
        answer = await desk.get(f"{location}/files/{one['name']}")
        assert hashlib.sha256(answer.content).hexdigest() == one["sha256"] == answer.headers["etag"].strip('"')
        assert len(answer.content) == one["bytes"]
    assert (await desk.post(f"{location}/verify")).json() == {"is_same": True, "differing": []}


async def test_its_files_say_what_was_counted(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    desk, location = await made(client, session, run_task)
    csv = (await desk.get(f"{location}/files/summary.csv")).text.splitlines()
    xlsx = (await desk.get(f"{location}/files/report.xlsx")).content
    pdf = (await desk.get(f"{location}/files/report.pdf")).content

    assert "orders,orders.value,Value of orders placed,INR,minor units,150000,2,100000,," in csv
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx))
    assert book.sheet_names == ["Summary", "Days", "Charts", "Meanings"]
    summary = {(row[1], row[2]): row[4:7] for row in book.get_sheet_by_name("Summary").to_python()}
    assert summary["Value of orders placed", "INR"] == [1500.0, 1000.0, 0.5]
    assert summary["Distance driven", ""][0] == 12.5
    days = [row for row in book.get_sheet_by_name("Days").to_python() if row[1] == "Orders placed"]
    assert (len(days), days[-1][0], days[-1][4]) == (30, date(2026, 3, 1), 2.0)
    with pypdfium2.PdfDocument(pdf) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        assert "INR 1,500.00" in text
        assert "Page 1 of 3" in text
        colours = document[0].render(scale=0.5).to_pil().getcolors(100_000)
        assert len(colours) > 50, "cards, tables and lines are drawn"


async def test_on_paper_each_sheet_has_all_its_columns_and_charts_on_a_page_under_their_names(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    desk, location = await made(client, session, run_task)
    xlsx = (await desk.get(f"{location}/files/report.xlsx")).content

    with zipfile.ZipFile(io.BytesIO(xlsx)) as parts:
        sheets = [parts.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 5)]
        book = parts.read("xl/workbook.xml").decode()
    setups = [
        re.findall(r'<pageSetUpPr fitToPage="1"/>|<pageSetup [^>]*paperSize="9"[^>]*fitToHeight="0"', one) for one in sheets
    ]
    assert [len(found) for found in setups] == [2, 2, 2, 2]
    repeated = re.findall(r'name="_xlnm.Print_Titles"[^>]*>([^<]*)<', book)
    assert repeated == ["Days!$1:$1", "Meanings!$1:$1", "Summary!$4:$4"]


async def test_the_same_days_as_of_the_same_moment_are_the_same_bytes_whatever_comes_later(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    desk, location = await made(client, session, run_task)
    before = await rows(session, "SELECT name, sha256 FROM report_files ORDER BY name")
    late = told("payments.order_placed", YESTERDAY, 1, currency="INR", lines=1)
    await happen(session, joined_database, clock, [(OURS, late)])
    _, again = await made(client, session, run_task)
    _, newer = await made(client, session, run_task, as_of="2026-03-02T08:00:00Z")

    assert again == location
    kept = "SELECT name, sha256 FROM report_files WHERE report_id = CAST(:id AS uuid) ORDER BY name"
    assert await rows(session, kept, id=location[-36:]) == before
    assert "orders.placed,Orders placed,,events,3" in (await desk.get(f"{newer}/files/summary.csv")).text
    assert "orders.placed,Orders placed,,events,2" in (await desk.get(f"{location}/files/summary.csv")).text


async def test_a_report_that_is_made_twice_tells_each_once_with_links_that_end(
    client: ApiClient, session: Session, clock: FrozenClock, run_task: TaskRunner
) -> None:
    both = ["desk@example.com", "ann@example.com"]
    await made(client, session, run_task, to_email=both)
    await made(client, session, run_task, to_email=both)
    mails = await published(session, SendEmail)
    ann = next(mail for mail in mails if mail.to_email == "ann@example.com")
    link = ann.body.split("PDF: http://127.0.0.1:8005")[1].split()[0]
    fetched = await client.get(link)
    clock.advance(timedelta(days=14))
    over = await client.get(link)
    wrong = await client.get("/v1/report-links/nobody-knows-this?file=report.pdf")

    assert sorted(mail.to_email for mail in mails) == sorted(both)
    assert (ann.subject, ann.organization_id, "Value of orders placed: INR 1,500.00 (+50 % on before)" in ann.body) == (
        "Daily report 2026-03-01",
        OURS,
        True,
    )
    assert (fetched.status_code, fetched.content[:5]) == (200, b"%PDF-")
    assert [(one.status_code, one.json()["code"]) for one in (over, wrong)] == [(404, "report_link_not_found")] * 2
    assert "nobody-knows-this" not in wrong.json()["instance"]


async def test_daily_reports_are_asked_for_twice_and_are_one_each(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    desk, overseer = client.as_role("operator", organization_id=OURS), client.as_role("operator")
    for caller in (desk, desk, overseer):
        assert (await caller.post("/v1/report-subscriptions", json={"to_email": "desk@example.com"})).status_code == 201
    slot = NOW.replace(hour=0, minute=20)
    for _ in range(2):
        assert (await run_task(GenerateDailyReports(slot=slot))).outcome == "done"
    for message in await published(session, GenerateReport):
        assert (await run_task(message)).outcome == "done"

    assert len((await desk.get("/v1/report-subscriptions")).json()) == 1
    assert await rows(session, "SELECT count(*), min(status), max(status) FROM reports") == [(2, "done", "done")]
    assert [mail.organization_id for mail in await published(session, SendEmail)].count(OURS) == 1
    assert len(await published(session, SendEmail)) == 2
    (subscribed,) = (await desk.get("/v1/report-subscriptions")).json()
    gone = [await desk.delete(f"/v1/report-subscriptions/{subscribed['id']}") for _ in range(2)]
    assert [one.status_code for one in gone] == [204, 404]


async def test_what_a_message_leaves_out_follows_from_when_it_was_sent(session: Session, run_task: TaskRunner) -> None:
    for _ in range(2):
        assert (await run_task(GenerateReport(), occurred_at=NOW)).outcome == "done"

    found = await rows(session, "SELECT kind, first_day, last_day, as_of FROM reports")
    assert found == [("daily", date(2026, 3, 1), date(2026, 3, 1), NOW)]
    await assert_nothing_published(session, SendEmail)


async def test_a_report_is_seen_by_its_own_organization_alone_and_before_it_is_done_says_so(
    client: ApiClient, session: Session
) -> None:
    desk = client.as_role("operator", organization_id=OURS)
    location = (await desk.post(REPORTS, json=BODY)).headers["Location"]
    early = [await desk.get(f"{location}/files/report.pdf"), await desk.post(f"{location}/verify")]
    foreign = client.as_role("operator", organization_id=THEIRS)
    hidden = [await foreign.get(path) for path in (location, f"{location}/files/report.pdf")]

    assert [(one.status_code, one.json()["code"]) for one in early] == [(409, "report_not_done")] * 2
    assert [one.status_code for one in hidden] == [404, 404]
    assert (await foreign.get(REPORTS)).json()["items"] == []
    assert [one["status"] for one in (await desk.get(REPORTS)).json()["items"]] == ["queued"]
    assert (await client.as_role("viewer", organization_id=OURS).post(REPORTS, json=BODY)).status_code == 403
    await assert_published(session, GenerateReport, organization_id=OURS)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"from": "2026-03-02"}, "invalid_report", "from lies after to"),
        ({"from": "2024-01-01"}, "invalid_report", "366 days at most"),
        ({"as_of": "2026-03-03T00:00:00Z"}, "invalid_report", "as_of lies in the future"),
        ({"as_of": "2026-02-01T00:00:00Z"}, "invalid_report", "before the first day"),
        ({"as_of": "2026-03-02T00:20:00"}, "invalid_request", ""),
        ({"to_email": ["nobody"]}, "invalid_request", ""),
        ({"formats": ["pdf"]}, "invalid_request", ""),
    ],
)
async def test_a_report_that_cannot_be_meant_is_refused_and_nothing_is_asked_for(
    client: ApiClient, session: Session, body: dict[str, Any], code: str, said: str
) -> None:
    answer = await client.as_role("operator", organization_id=OURS).post(REPORTS, json=BODY | body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["detail"]
    assert await rows(session, "SELECT count(*) FROM reports") == [(0,)]
    await assert_nothing_published(session, GenerateReport)


async def test_a_message_for_a_report_that_cannot_be_made_is_dead(run_task: TaskRunner) -> None:
    handled = await run_task(GenerateReport(first=date(2026, 3, 9), last=date(2026, 3, 1)), occurred_at=NOW)

    assert (handled.outcome, handled.error_class) == ("dead", "InvalidReport")
