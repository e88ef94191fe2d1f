"""What was archived, as operators see it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from shared.runtime.db import Session
from shared.testing.service import ApiClient

API: Final = "/v1/operations/archives"
AT: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
_NOTE: Final = text("""
    INSERT INTO archives (file, source, row_count, size_bytes, sha256, digest, key_sum, first_key, last_key, oldest_at, newest_at,
                          archived_at)
    VALUES (:file, :source, :rows, 1000, repeat('a', 64), repeat('b', 64), NULL, '[1]', '[2]', :oldest, :newest, :at)
""")


async def note(session: Session, number: int, source: str = "things", rows: int = 10) -> None:
    day = timedelta(days=number)
    bound = {"file": f"{source}/{number}.parquet", "source": source, "rows": rows}
    await session.execute(_NOTE, {**bound, "oldest": AT - 10 * day, "newest": AT - 5 * day, "at": AT + day})


async def get(client: ApiClient, path: str = "", **params: Any) -> dict[str, Any]:
    answer = await client.get(API + path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_archives_are_listed_by_pages_the_newest_first(session: Session, viewer: ApiClient) -> None:
    for number in (1, 2, 3):
        await note(session, number)
    await note(session, 9, "others")
    first = await get(viewer, source="things", limit=2)
    second = await get(viewer, source="things", limit=2, cursor=first["next_cursor"])

    files = [[one["file"] for one in page["items"]] for page in (first, second)]
    assert files == [["things/3.parquet", "things/2.parquet"], ["things/1.parquet"]]
    assert second["next_cursor"] is None
    assert first["items"][0] == {
        "file": "things/3.parquet",
        "source": "things",
        "row_count": 10,
        "size_bytes": 1000,
        "sha256": "a" * 64,
        "digest": "b" * 64,
        "first_key": "[1]",
        "last_key": "[2]",
        "oldest_at": "2026-01-31T08:00:00Z",
        "newest_at": "2026-02-15T08:00:00Z",
        "archived_at": "2026-03-05T08:00:00Z",
    }


async def test_tables_are_summed_up_and_the_days_of_one_are_one(session: Session, viewer: ApiClient) -> None:
    await note(session, 1, "positions_20260301", rows=5)
    await note(session, 2, "positions_20260302", rows=7)
    found = await get(viewer, "/tables")

    assert found["items"] == [
        {
            "table": "positions",
            "files": 2,
            "rows": 12,
            "size_bytes": 2000,
            "oldest_at": "2026-02-10T08:00:00Z",
            "newest_at": "2026-02-25T08:00:00Z",
            "archived_at": "2026-03-04T08:00:00Z",
        }
    ]


async def test_nothing_archived_is_an_empty_list(viewer: ApiClient) -> None:
    assert await get(viewer) == {"items": [], "next_cursor": None}
    assert await get(viewer, "/tables") == {"items": []}
