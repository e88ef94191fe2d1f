"""POST /v1/shipments/import: the columns that may be left out, holds among them."""

from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.shipments.file_format import REQUIRED
from services.alerts.tests.arrange import OURS, csv_of, line, rows
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def imported(client: ApiClient, body: bytes) -> Any:
    """The report on a file."""
    return (await client.post("/v1/shipments/import", content=body, headers={"Content-Type": "text/csv"})).json()


HOLDS = "SELECT kind, placed_on::text, released_on::text FROM shipment_holds ORDER BY kind, id"


def with_columns(row: str, **cells: str) -> bytes:
    """A file of one row with further columns."""
    return f"{','.join((*REQUIRED, *cells))}\n{','.join((row, *cells.values()))}\n".encode()


async def test_holds_named_are_placed_and_others_released_on_the_day_of_the_import(
    ours: ApiClient, session: Session, clock: FrozenClock
) -> None:
    today = clock().date().isoformat()
    await imported(ours, with_columns(line(), holds="customs;document"))
    await session.execute(text("UPDATE shipment_holds SET placed_on = '2026-02-01'"))
    await session.execute(text("DELETE FROM due_evaluations"))

    report = await imported(ours, with_columns(line(), holds="document;freight"))
    again = await imported(ours, with_columns(line(), holds="document;freight"))

    assert ((report["updated"], report["unchanged"]), (again["updated"], again["unchanged"])) == ((1, 0), (0, 1))
    assert await rows(session, HOLDS) == [
        ("customs", "2026-02-01", today),
        ("document", "2026-02-01", None),
        ("freight", today, None),
    ]
    assert await rows(session, "SELECT version, due_on::text FROM shipments, due_evaluations") == [(3, "2026-03-03")]


async def test_hold_that_begins_later_ends_on_its_first_day(ours: ApiClient, session: Session) -> None:
    await imported(ours, with_columns(line(), holds="customs"))
    await session.execute(text("UPDATE shipment_holds SET placed_on = '2099-01-01'"))

    await imported(ours, with_columns(line(), holds=""))

    assert await rows(session, HOLDS) == [("customs", "2099-01-01", "2099-01-01")]


async def test_optional_columns_that_are_absent_leave_things_as_they_are(ours: ApiClient, session: Session) -> None:
    everything = {"mode": "sea", "last_free_day": "2026-03-05", "missing_documents": "Licence", "holds": "customs"}
    await imported(ours, with_columns(line(), **everything))

    untouched = await imported(ours, csv_of(line()))
    emptied = await imported(ours, with_columns(line(), **dict.fromkeys(everything, "")))

    assert (untouched["unchanged"], emptied["updated"]) == (1, 1)
    assert await rows(session, "SELECT mode, last_free_day, missing_documents FROM shipments") == [(None, None, [])]
    assert await session.scalar(text("SELECT count(*) FROM shipment_holds WHERE released_on IS NULL")) == 0
