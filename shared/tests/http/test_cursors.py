from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.http.cursors import CursorSigner, InvalidCursor, KeyPart

PART = st.one_of(st.text(), st.integers(-(2**63), 2**63 - 1), st.uuids(), st.datetimes(timezones=st.just(UTC)))


@given(st.lists(PART, min_size=1, max_size=4))
def test_a_key_survives_its_cursor(parts: list[KeyPart]) -> None:
    signer = CursorSigner("a secret that is long")

    assert signer.decode(signer.encode(tuple(parts), "/v1/x"), "/v1/x") == tuple(parts)


@given(st.text())
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorSigner("a secret that is long").decode(cursor, "/v1/x")


def test_a_cursor_is_bound_to_its_secret_and_its_list() -> None:
    cursor = CursorSigner("a secret that is long").encode((datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)), "/v1/x")

    for secret, path in (("another secret, as long", "/v1/x"), ("a secret that is long", "/v1/y")):
        with pytest.raises(InvalidCursor, match="start again without `cursor`"):
            CursorSigner(secret).decode(cursor, path)


async def test_pages_show_each_row_once_while_rows_arrive(client: httpx.AsyncClient, notes: asyncpg.Connection) -> None:
    await notes.execute("INSERT INTO notes (id, title, size) SELECT gen_random_uuid(), 'n' || i, i FROM generate_series(1, 5) i")
    sizes, url = [], "/v1/notes?limit=2"
    while url:
        response = await client.get(url)
        sizes += [note["size"] for note in response.json()["items"]]
        url = response.links["next"]["url"] if "next" in response.links else ""
        assert (response.json()["next_cursor"] is None) == (url == "")
        await notes.execute(
            "INSERT INTO notes (id, title, size, created_at) VALUES (gen_random_uuid(), $1, 0, '2020-01-01')", str(sizes)
        )

    assert sizes == [1, 2, 3, 4, 5]


async def test_a_broken_cursor_is_a_clear_422(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/notes", params={"cursor": "AAAA"})

    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


async def test_a_page_of_nothing_is_the_last(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes")).json() == {"items": [], "next_cursor": None}
