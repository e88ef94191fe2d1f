"""POST /v1/shipments/import."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.shipments.file_format import REQUIRED
from services.alerts.shipments.import_endpoints import MAX_FILE_BYTES
from services.alerts.shipments.import_service import MAX_PROBLEMS, ROWS_PER_STATEMENT
from services.alerts.tests.arrange import ETA, OURS, THEIRS, csv_of, evaluate, have, line, rows
from shared.contracts.alerts import ShipmentsReceived
from shared.runtime.db import Database, Session
from shared.testing.messages import assert_published
from shared.testing.service import ApiClient

CSV = {"Content-Type": "text/csv"}
SHIPMENTS = """
    SELECT reference, current_eta, eta_revision, status, min(due_on) FROM shipments LEFT JOIN due_evaluations ON shipment_id = id
     GROUP BY id ORDER BY reference
"""


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def send(client: ApiClient, body: bytes, **request: Any) -> tuple[int, Any]:
    """(status, answer) of an import."""
    answer = await client.post("/v1/shipments/import", content=body, headers=request.pop("headers", CSV), **request)
    return answer.status_code, answer.json()


async def test_new_shipments_are_created_and_due_on_their_first_step(ours: ApiClient, session: Session) -> None:
    status, report = await send(ours, csv_of(line(reference="A1"), line(reference="B2", status="delivered")))

    assert (status, report) == (
        200,
        {
            "organization_id": str(OURS),
            "rows": 2,
            "created": 2,
            "updated": 0,
            "eta_revised": 0,
            "unchanged": 0,
            "rejected": 0,
            "problems": [],
            "problems_left_off": 0,
        },
    )
    assert await rows(session, SHIPMENTS) == [
        ("A1", date(2026, 3, 2), 1, "in_transit", date(2026, 3, 3)),
        ("B2", date(2026, 3, 2), 1, "delivered", None),
    ]
    await send(ours, csv_of(line(reference="A1"), line(reference="B2", status="delivered")))
    await assert_published(session, ShipmentsReceived, organization_id=OURS, created=2, changed=0)


async def test_good_rows_are_kept_beside_bad_ones(ours: ApiClient, session: Session) -> None:
    status, report = await send(ours, csv_of(line(reference="A1"), line(reference="B2", current_eta="soon")))

    assert (status, report["created"], report["rejected"]) == (200, 1, 1)
    assert report["problems"] == [{"line": 3, "column": "current_eta", "reason": "is not a date like 2026-11-20"}]
    assert [row[0] for row in await rows(session, SHIPMENTS)] == ["A1"]


async def test_same_file_again_changes_nothing(ours: ApiClient, session: Session) -> None:
    body = csv_of(line(reference="A1"), line(reference="B2"))
    await send(ours, body)
    before = await rows(session, "SELECT *, xmin::text FROM shipments ORDER BY id")

    _, report = await send(ours, body)

    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 2)
    assert await rows(session, "SELECT *, xmin::text FROM shipments ORDER BY id") == before


async def test_changed_eta_is_a_new_revision_and_rearms(ours: ApiClient, session: Session) -> None:
    await have(session, line(reference="A1"), line(reference="B2"))
    await session.execute(text("DELETE FROM due_evaluations"))

    _, report = await send(ours, csv_of(line(reference="A1", current_eta="2026-04-01"), line(reference="B2", carrier="MSC")))

    assert (report["updated"], report["eta_revised"]) == (2, 1)
    assert await rows(session, SHIPMENTS) == [
        ("A1", date(2026, 4, 1), 2, "in_transit", date(2026, 4, 2)),
        ("B2", date(2026, 3, 2), 1, "in_transit", None),
    ]
    assert await rows(session, "SELECT original_eta FROM shipments WHERE reference = 'A1'") == [(date(2026, 3, 2),)]


async def test_released_shipment_is_due_again_once_it_is_held(ours: ApiClient, session: Session) -> None:
    await have(session, line())

    await send(ours, csv_of(line(status="released")))
    await session.execute(text("DELETE FROM due_evaluations"))
    await send(ours, csv_of(line(status="customs_hold")))

    assert await rows(session, SHIPMENTS) == [("MAEU1", date(2026, 3, 2), 1, "customs_hold", date(2026, 3, 3))]


async def test_reference_is_unique_within_an_organization_only(client: ApiClient, session: Session) -> None:
    await have(session, line(), organization_id=THEIRS)

    _, report = await send(client.as_role("operator", organization_id=OURS), csv_of(line(carrier="MSC")))

    assert report["created"] == 1
    assert await rows(session, "SELECT organization_id, carrier FROM shipments ORDER BY organization_id") == [
        (OURS, "MSC"),
        (THEIRS, "Maersk"),
    ]


async def test_large_file_takes_several_statements_and_lists_its_first_problems(ours: ApiClient, session: Session) -> None:
    good = [line(reference=f"A{number}") for number in range(ROWS_PER_STATEMENT + 1)]
    bad = [line(reference=f"B{number}", status="lost") for number in range(MAX_PROBLEMS + 1)]

    _, report = await send(ours, csv_of(*good, *bad))

    assert (report["rows"], report["created"], report["rejected"]) == (6002, 5001, 1001)
    assert (len(report["problems"]), report["problems_left_off"]) == (1000, 1)
    assert await session.scalar(text("SELECT count(*) FROM shipments")) == 5001


REFUSED: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("unknown columns", b"ref,eta\n", CSV, 422, "unreadable_file"),
    ("an empty body", b"", CSV, 422, "unreadable_file"),
    ("JSON", b"{}", {"Content-Type": "application/json"}, 415, "unknown_file_type"),
    ("no declared type", csv_of(line()), {}, 415, "unknown_file_type"),
    ("another charset", csv_of(line()), {"Content-Type": "text/csv; charset=windows-1252"}, 422, "unreadable_file"),
    ("a body that is too large", b"x" * (MAX_FILE_BYTES + 1), CSV, 413, "file_too_large"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_what_is_no_list_of_shipments_is_refused_and_changes_nothing(
    ours: ApiClient, session: Session, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answered, problem = await send(ours, body, headers=headers)

    assert (answered, problem["code"]) == (status, code)
    assert await rows(session, SHIPMENTS) == []


async def test_utf8_may_be_declared(ours: ApiClient) -> None:
    status, report = await send(ours, csv_of(line()), headers={"Content-Type": 'text/csv; charset="UTF-8"; header=present'})

    assert (status, report["created"]) == (200, 1)


async def test_ndjson_is_imported_under_either_of_its_names(ours: ApiClient) -> None:
    row = {**dict(zip(REQUIRED, line().split(","), strict=True)), "recipients": ["a@example.com", "b@example.com"]}

    counts = []
    for kind in ("application/x-ndjson", "application/jsonl; charset=utf-8"):
        _, report = await send(ours, json.dumps(row).encode(), headers={"Content-Type": kind})
        counts.append((report["created"], report["unchanged"]))

    assert counts == [(1, 0), (0, 1)]


async def test_query_tells_how_the_file_is_written(ours: ApiClient, session: Session) -> None:
    body = csv_of(line(current_eta="02.03.2026")).replace(b",", b"|").replace(b"current_eta", b"ETA")

    _, report = await send(ours, body, params={"columns": "ETA:current_eta", "date_format": "dmy", "delimiter": "|"})

    assert (report["created"], report["problems"]) == (1, [])
    assert [row[1] for row in await rows(session, SHIPMENTS)] == [date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"columns": "nothing"}, "bad_mapping"),
        ({"columns": "box\r\n:reference"}, "bad_mapping"),
        ({"time_zone": "Mars/Olympus"}, "unknown_time_zone"),
        ({"time_zone": "localtime"}, "unknown_time_zone"),
        ({"date_format": "ymd"}, "invalid_request"),
        ({"delimiter": "x"}, "invalid_request"),
        ({"max_problems": "100001"}, "invalid_request"),
    ],
)
async def test_query_that_means_nothing_is_refused_and_changes_nothing(
    ours: ApiClient, session: Session, params: dict[str, str], code: str
) -> None:
    status, problem = await send(ours, csv_of(line()), params=params)

    assert (status, problem["code"]) == (422, code)
    assert await rows(session, SHIPMENTS) == []


async def test_status_that_cannot_follow_is_a_problem_of_its_row_and_others_are_kept(ours: ApiClient, session: Session) -> None:
    await have(session, line(reference="A1", status="delivered"), line(reference="B2", status="released"), line(reference="C3"))

    _, report = await send(
        ours,
        csv_of(
            line(reference="C3", status="arrived"),
            line(reference="B2", status="arrived", carrier="MSC"),
            line(reference="A1", status="in_transit"),
        ),
    )

    assert (report["updated"], report["rejected"], report["unchanged"]) == (1, 2, 0)
    assert [(one["line"], one["column"], one["reason"]) for one in report["problems"]] == [
        (3, "status", "cannot follow released; legal are cancelled, customs_hold, delivered, in_transit"),
        (4, "status", "cannot follow delivered; a new journey is a new shipment"),
    ]
    assert await rows(session, "SELECT reference, status, carrier, version FROM shipments ORDER BY reference") == [
        ("A1", "delivered", "Maersk", 1),
        ("B2", "released", "Maersk", 1),
        ("C3", "arrived", "Maersk", 2),
    ]


async def test_changed_eta_resolves_the_alerts_of_the_earlier_one(ours: ApiClient, session: Session) -> None:
    await have(session, line(reference="A1"), line(reference="B2"))
    await evaluate(session, ETA + timedelta(days=1))

    await send(ours, csv_of(line(reference="A1", current_eta="2026-04-01"), line(reference="B2", carrier="MSC")))

    assert await rows(session, "SELECT reference, alerts.status FROM alerts JOIN shipments ON shipments.id = shipment_id") == [
        ("A1", "resolved"),
        ("B2", "open"),
    ]


async def test_every_eta_and_who_told_it_is_kept(ours: ApiClient, session: Session) -> None:
    await send(ours, csv_of(line()))
    await send(ours, csv_of(line(current_eta="2026-03-09")))

    assert await rows(session, "SELECT revision, eta::text, told_by FROM eta_revisions ORDER BY revision") == [
        (1, "2026-03-02", "user:test"),
        (2, "2026-03-09", "user:test"),
    ]


async def test_too_large_file_is_refused_with_the_way_out_though_its_length_is_not_declared(
    ours: ApiClient, session: Session
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(MAX_FILE_BYTES // 1_000_000 + 1):
            yield b"x" * 1_000_000

    answer = await ours.post("/v1/shipments/import", content=parts(), headers=CSV)

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert "`waybill shipments import`" in answer.json()["detail"]
    assert await rows(session, SHIPMENTS) == []


@pytest.mark.commits
async def test_two_imports_at_once_create_each_shipment_once(client: ApiClient, database: Database) -> None:
    ours = client.as_role("operator", organization_id=OURS)
    references = [f"A{number:03}" for number in range(300)]
    forth, back = (csv_of(*(line(reference=one) for one in order)) for order in (references, references[::-1]))

    reports = [report for _, report in await asyncio.gather(send(ours, forth), send(ours, back))]

    assert sum(report["created"] for report in reports) == 300
    assert sum(report["unchanged"] for report in reports) == 300
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM shipments")) == 300
