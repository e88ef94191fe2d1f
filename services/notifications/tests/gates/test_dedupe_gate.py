"""One message under a key to a recipient over a channel, whoever else asks for it, and whenever."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.gates.dedupe_gate import DedupeGate
from services.notifications.gates.gate import Candidate
from services.notifications.tests.gates.arrange import ASHA, NOW, candidate, policy
from shared.runtime.db import Database, Session

KEY: Final = "reminder:2026-11-25"
_GIVEN_UP: Final = text("""
    INSERT INTO deliveries (id, channel, status, reason, receipt, attempts, created_at, finished_at)
    VALUES (:id, 'email', 'failed', 'retries_exhausted', :receipt, 1, :at, :at)
""")
_ATTEMPT: Final = text("""
    INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome)
    VALUES (:id, 1, 'sendgrid', :at, :at, :outcome)
""")


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


@pytest.mark.parametrize(("receipt", "stopped_again"), [("delivered", [0]), ("complained", [0]), ("bounced_hard", [])])
async def test_message_that_was_given_up_and_has_arrived_keeps_the_key(
    session: Session, receipt: str, stopped_again: list[int]
) -> None:
    await stopped(session, keyed(1))
    await session.execute(_GIVEN_UP, {"id": keyed(1).id, "at": NOW, "receipt": receipt})

    assert await stopped(session, keyed(2), now=NOW + timedelta(days=1)) == stopped_again


@pytest.mark.parametrize(("outcome", "stopped_at_first"), [("unknown", [0]), ("transient", [])])
async def test_message_that_may_have_gone_out_keeps_the_key_for_six_hours(
    session: Session, outcome: str, stopped_at_first: list[int]
) -> None:
    await stopped(session, keyed(1))
    await session.execute(_GIVEN_UP, {"id": keyed(1).id, "at": NOW, "receipt": None})
    await session.execute(_ATTEMPT, {"id": keyed(1).id, "at": NOW, "outcome": outcome})

    early = await stopped(session, keyed(2), now=NOW + timedelta(hours=5, minutes=59))
    assert early == stopped_at_first
    assert await stopped(session, keyed(2), now=NOW + timedelta(hours=6)) == []


@pytest.mark.parametrize(("stands", "stopped_again"), [(True, [0]), (False, [])])
async def test_message_that_stands_in_a_digest_keeps_the_key(session: Session, stands: bool, stopped_again: list[int]) -> None:
    await stopped(session, keyed(1))
    delivery = text("""
        INSERT INTO deliveries (id, channel, status, reason, created_at, finished_at)
        VALUES (:id, 'email', 'dropped', 'digested', now(), now())
    """)
    entry = text("INSERT INTO digest_entries (delivery_id, person, category, occurred_at) VALUES (:id, :person, 'x', now())")
    await session.execute(delivery, {"id": keyed(1).id})
    if stands:
        await session.execute(entry, {"id": keyed(1).id, "person": ASHA})

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
