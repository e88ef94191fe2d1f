"""POST /v1/shipments/import."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.shipments.endpoints import MAX_FILE_BYTES
from services.alerts.shipments.service import ROWS_PER_STATEMENT
from services.alerts.shipments.shipment_file import MAX_PROBLEMS
from services.alerts.tests.arrange import OURS, THEIRS, csv_of, have, line, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

CSV = {"Content-Type": "text/csv"}
SHIPMENTS = "SELECT reference, current_eta, eta_revision, status, next_evaluation_on FROM shipments ORDER BY reference"


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
    await session.execute(text("UPDATE shipments SET next_evaluation_on = NULL"))

    _, report = await send(ours, csv_of(line(reference="A1", current_eta="2026-04-01"), line(reference="B2", carrier="MSC")))

    assert (report["updated"], report["eta_revised"]) == (2, 1)
    assert await rows(session, SHIPMENTS) == [
        ("A1", date(2026, 4, 1), 2, "in_transit", date(2026, 4, 2)),
        ("B2", date(2026, 3, 2), 1, "in_transit", None),
    ]
    assert await rows(session, "SELECT original_eta FROM shipments WHERE reference = 'A1'") == [(date(2026, 3, 2),)]


async def test_released_shipment_is_no_longer_due_and_is_again_once_it_is_held(ours: ApiClient, session: Session) -> None:
    await have(session, line())

    await send(ours, csv_of(line(status="released")))
    released = await rows(session, SHIPMENTS)
    await send(ours, csv_of(line(status="customs_hold")))

    assert released == [("MAEU1", date(2026, 3, 2), 1, "released", None)]
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
    ("JSON", b"{}", {"Content-Type": "application/json"}, 415, "not_csv"),
    ("no declared type", csv_of(line()), {}, 415, "not_csv"),
    ("another charset", csv_of(line()), {"Content-Type": "text/csv; charset=windows-1252"}, 422, "unreadable_file"),
    ("a body that is too large", b"x" * (MAX_FILE_BYTES + 1), CSV, 413, "request_too_large"),
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
