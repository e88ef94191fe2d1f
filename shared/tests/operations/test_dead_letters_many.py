"""Many dead letters at once: what a selection takes, at which rate, and what it leaves to people."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.runtime.db import Session
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Consumer, Query, Snapshot, finished, letters_of, raw_letter

LETTERS = "/v1/operations/dead-letters"
NOTE = {"note": "the alert was opened again"}


async def test_many_are_replayed_oldest_first_at_a_rate(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    died: Sequence[UUID] = await consumer.kill(*(finished(number) for number in range(5)))
    selection = {"note": "mended", "reason": "permanent_error", "rate": 2}

    counted = (await admin.post(f"{LETTERS}/replay", json={**selection, "dry_run": True})).json()
    assert counted == {"matched": 5, "settled": 0, "by_hand": 0, "left": 5, "last_due_at": None}
    answer = (await admin.post(f"{LETTERS}/replay", json=selection)).json()

    assert (answer["matched"], answer["settled"], answer["left"]) == (5, 5, 0)
    rows = await query("SELECT id, state, extract(epoch FROM due_at - now())::float8 AS wait_s FROM inbox ORDER BY due_at")
    assert [(row["state"], row["wait_s"]) for row in rows] == [(2, 0.0), (2, 0.5), (2, 1.0), (2, 1.5), (2, 2.0)]
    assert {row["id"] for row in rows} == set(died)
    (line,) = (await admin.get("/v1/operations/audit")).json()["items"]
    assert (line["action"], line["details"]) == (
        "dead_letters.replay",
        {"filter": {"reason": "permanent_error"}, "settled": 5, "rate": 2.0},
    )


async def test_what_must_be_looked_at_is_left_out_of_a_replay_of_many(
    admin: ApiClient, consumer: Consumer, session: Session
) -> None:
    await consumer.kill(finished(1), finished(2))
    raw = await raw_letter(session)
    await session.execute(
        text("UPDATE dead_letters SET reason = 'record_failed' WHERE message_id = (SELECT id FROM inbox ORDER BY id LIMIT 1)")
    )

    answer = (await admin.post(f"{LETTERS}/replay", json={"note": "all of it", "all": True})).json()

    assert (answer["matched"], answer["settled"], answer["by_hand"], answer["left"]) == (3, 1, 2, 2)
    unrecorded = next(one for one in await letters_of(admin) if one["id"] != str(raw))
    assert unrecorded["reason"] == "record_failed"
    named = (await admin.post(f"{LETTERS}/replay", json={"note": "looked at", "reason": "record_failed"})).json()
    assert (named["settled"], [one["id"] for one in await letters_of(admin)]) == (1, [str(raw)])


async def test_many_are_discarded_with_a_note(admin: ApiClient, consumer: Consumer, session: Session) -> None:
    await consumer.kill(finished(1), finished(2))
    await raw_letter(session)
    selection = {"note": "a load test", "name": "notifications.delivery_finished"}

    counted = (await admin.post(f"{LETTERS}/discard", json={**selection, "dry_run": True})).json()
    answer = (await admin.post(f"{LETTERS}/discard", json=selection)).json()

    assert (counted["matched"], counted["settled"], answer["settled"]) == (2, 0, 2)
    assert {one["note"] for one in await letters_of(admin, status="discarded")} == {"a load test"}
    assert [one["reason"] for one in await letters_of(admin)] == ["bad_envelope"]


CARELESS: list[dict[str, Any]] = [
    NOTE,
    {"all": True},
    {**NOTE, "reson": "poison"},
    {**NOTE, "name": ""},
    {**NOTE, "all": 1},
    {**NOTE, "all": True, "dry_run": "maybe"},
    {**NOTE, "since": 5},
    {**NOTE, "since": "2026-03-02T09:00:00"},
    {**NOTE, "name": "x", "rate": 0},
]


@pytest.mark.parametrize("verb", ["replay", "discard"])
@pytest.mark.parametrize("body", CARELESS)
async def test_careless_selection_is_refused(
    verb: str, body: dict[str, Any], admin: ApiClient, consumer: Consumer, snapshot: Snapshot
) -> None:
    await consumer.kill(finished())
    before = await snapshot()

    answer = await admin.post(f"{LETTERS}/{verb}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await snapshot() == before
