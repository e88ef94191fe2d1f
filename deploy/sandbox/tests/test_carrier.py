"""The stand-in of a carrier's feed: pages, ETags, and what it does wrong."""

from typing import Any

import httpx
import pytest

from deploy.sandbox.tests.conftest import Harness

ROWS = [{"reference": f"MAEU{number}", "eta": "2026-11-20T06:00:00Z"} for number in range(3)]


async def ask(sandbox: Harness, key: str = "sandbox", etag: str | None = None, **query: Any) -> httpx.Response:
    """One call of the feed."""
    headers = {"Authorization": f"Bearer {key}", **({"If-None-Match": etag} if etag else {})}
    return await sandbox.http.get("/carrier/v1/etas", params=query, headers=headers)


async def rules(sandbox: Harness, *told: dict[str, Any]) -> None:
    """Put these fault rules in the place of all."""
    (await sandbox.http.put("/faults/carrier", json=list(told))).raise_for_status()


async def have(sandbox: Harness, *rows: Any, page_rows: int = 2) -> None:
    """Put these rows in the place of all."""
    (await sandbox.http.put("/carrier/rows", json={"rows": rows, "page_rows": page_rows})).raise_for_status()


async def test_pages_follow_the_cursor_and_a_row_that_changes_is_told_anew(sandbox: Harness) -> None:
    await have(sandbox, *ROWS)
    first = (await ask(sandbox)).json()
    second = (await ask(sandbox, cursor=first["next_cursor"])).json()
    await sandbox.http.post("/carrier/rows", json={"rows": [ROWS[0] | {"eta": "2026-11-24T06:00:00Z"}]})
    third = (await ask(sandbox, cursor=second["next_cursor"])).json()

    assert [(page["data"], page["has_more"]) for page in (first, second)] == [(ROWS[:2], True), (ROWS[2:], False)]
    assert [row["eta"] for row in third["data"]] == ["2026-11-24T06:00:00Z"]
    assert (await ask(sandbox, cursor="c99")).status_code == 410
    assert (await ask(sandbox, key="other")).status_code == 401


async def test_page_that_is_still_the_same_is_not_sent_again(sandbox: Harness) -> None:
    await have(sandbox, *ROWS)
    shown = await ask(sandbox)
    again = await ask(sandbox, etag=shown.headers["etag"])
    await rules(sandbox, {"action": "no_etag_match"})
    against = await ask(sandbox, etag=shown.headers["etag"])

    assert (again.status_code, again.content, against.status_code) == (304, b"", 200)
    calls = (await sandbox.get("/carrier/calls"))["items"]
    assert [(call["etag"], call["status"]) for call in calls] == [
        (None, 200),
        (shown.headers["etag"], 304),
        (shown.headers["etag"], 200),
    ]


async def test_what_it_is_told_to_do_wrong_it_does(sandbox: Harness) -> None:
    await have(sandbox, *ROWS)
    await rules(sandbox, *({"action": action, "times": 1} for action in (503, "html", "not_json", "array", "same_cursor")))
    refused, page, broken, array, same = [await ask(sandbox, cursor="c1") for _ in range(5)]
    await rules(sandbox, {"action": "rate_limit", "seconds": 7, "times": 1}, {"action": "circle", "match": "c2"})
    busy, circle, untouched = await ask(sandbox), await ask(sandbox, cursor="c2"), await ask(sandbox, cursor="c1")

    assert (refused.status_code, page.headers["content-type"][:9], broken.text[-4:], array.json()) == (
        503,
        "text/html",
        "MAEU",
        [],
    )
    assert (same.json()["next_cursor"], same.json()["has_more"]) == ("c1", True)
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "7")
    assert (circle.json()["next_cursor"], untouched.json()["has_more"]) == ("c0", False)


async def test_pages_without_rows_lead_on_without_end_and_lose_no_place(sandbox: Harness) -> None:
    await have(sandbox, *ROWS)
    await rules(sandbox, {"action": "endless", "times": 3})
    empty = [(await ask(sandbox, cursor=cursor)).json() for cursor in ("c1", "c1-1", "c1-9")]
    after = (await ask(sandbox, cursor=empty[-1]["next_cursor"])).json()

    assert [(page["data"], page["has_more"], page["next_cursor"]) for page in empty] == [
        ([], True, "c1-1"),
        ([], True, "c1-2"),
        ([], True, "c1-10"),
    ]
    assert (after["data"], after["has_more"]) == (ROWS[1:], False)
    assert [(await ask(sandbox, cursor=cursor)).status_code for cursor in ("c1-", "c1-x", "c9-1")] == [410, 410, 410]


async def test_connection_is_dropped_answers_stall_and_bodies_grow(sandbox: Harness) -> None:
    await have(sandbox, *ROWS)
    await rules(sandbox, {"action": "drop_connection"})
    with pytest.raises(httpx.RemoteProtocolError):
        await ask(sandbox)
    await rules(sandbox, {"action": "stall"})
    with pytest.raises(httpx.ReadTimeout):
        await sandbox.http.get("/carrier/v1/etas", headers={"Authorization": "Bearer sandbox"}, timeout=0.3)
    await rules(sandbox, {"action": "huge"})
    async with sandbox.http.stream("GET", "/carrier/v1/etas", headers={"Authorization": "Bearer sandbox"}) as huge:
        packed = sum([len(part) async for part in huge.aiter_raw()])

    assert (huge.status_code, huge.headers["content-encoding"], packed < 100_000) == (200, "gzip", True)
