"""One message under a key to a recipient over a channel, whoever else asks for it, and whenever."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.gates.dedupe_gate import DedupeGate
from services.notifications.gates.gate import Candidate
from services.notifications.tests.gates.arrange import NOW, candidate, policy
from shared.runtime.db import Database, Session

KEY: Final = "reminder:2026-11-25"


def keyed(number: int, **facts: Any) -> Candidate:
    """A candidate under the key."""
    return candidate(number, **({"dedupe_key": KEY} | facts))


async def stopped(session: Session, *candidates: Candidate, now: datetime = NOW) -> list[int]:
    """The places of those that are stopped."""
    found = await DedupeGate().check(session, candidates, now)
    assert {one.reason for one in found.values()} <= {"duplicate"}
    return [place for place, one in enumerate(candidates) if one.id in found]


async def test_first_delivery_passes_again_and_every_other_one_is_stopped(session: Session) -> None:
    first = await stopped(session, keyed(1))
    again = await stopped(session, keyed(1), keyed(2))

    assert (first, again) == ([], [1])


async def test_of_one_batch_the_message_that_was_asked_for_first_passes(session: Session) -> None:
    assert await stopped(session, keyed(1, asked_at=NOW + timedelta(seconds=1)), keyed(2), keyed(3)) == [0, 2]


async def test_other_recipients_channels_organizations_and_keys_are_their_own(session: Session) -> None:
    await stopped(session, keyed(1))

    others = [
        keyed(2, to_person="payments.customer:43"),
        keyed(3, to_person=None),
        keyed(4, channel="sms"),
        keyed(5, organization_id=UUID(int=6)),
        keyed(6, organization_id=None),
        keyed(7, dedupe_key="another"),
        keyed(8, dedupe_key=None),
    ]
    assert await stopped(session, *others) == []
    assert await stopped(session, keyed(9, organization_id=None)) == [0]


async def test_key_counts_for_as_long_as_the_organization_says_and_thirty_days_else(session: Session) -> None:
    await stopped(session, keyed(1), keyed(2, organization_id=None))
    await policy(session, dedupe_hours=2)

    early = await stopped(session, keyed(3), now=NOW + timedelta(hours=1, minutes=59))
    late = await stopped(session, keyed(4), keyed(5, organization_id=None), now=NOW + timedelta(hours=2))
    last = await stopped(session, keyed(6), keyed(7, organization_id=None), now=NOW + timedelta(days=30))
    assert (early, late, last) == ([0], [1], [])


@pytest.mark.parametrize(("status", "stopped_again"), [("failed", []), ("dropped", []), ("sent", [0]), ("queued", [0])])
async def test_message_that_has_not_gone_out_leaves_the_key_to_the_next(
    session: Session, status: str, stopped_again: list[int]
) -> None:
    await stopped(session, keyed(1))
    await session.execute(
        text("""
            INSERT INTO deliveries (id, channel, status, created_at, finished_at)
            VALUES (:id, 'email', :status, now(), CASE WHEN :status = 'queued' THEN NULL ELSE now() END)
        """),
        {"id": keyed(1).id, "status": status},
    )

    assert await stopped(session, keyed(2)) == stopped_again
    assert await stopped(session, keyed(2)) == stopped_again


@pytest.mark.commits
async def test_of_batches_at_once_with_the_same_keys_one_passes(database: Database) -> None:
    async def check(batch: int) -> set[tuple[int, str]]:
        asked = [keyed(100 * batch + number, dedupe_key=f"key {number % 10}", asked_at=NOW) for number in range(20)]
        async with database.unit_of_work() as session:
            found = await DedupeGate().check(session, asked[:: 1 if batch % 2 else -1], NOW)
        return {(batch, one.dedupe_key or "") for one in asked if one.id not in found}

    passed = [one for batch in await asyncio.gather(*(check(batch) for batch in range(1, 6))) for one in batch]
    assert sorted(key for _, key in passed) == [f"key {number}" for number in range(10)]
