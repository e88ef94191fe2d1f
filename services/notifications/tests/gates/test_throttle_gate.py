"""Nobody gets more of a category than the organization allows."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from services.notifications.gates.gate import Candidate
from services.notifications.gates.throttle_gate import ThrottleGate
from services.notifications.tests.gates.arrange import HASH, NOW, OURS, candidate, policy
from shared.runtime.db import Session

_SENT = text("""
    INSERT INTO deliveries (id, organization_id, channel, to_address, address_hash, category, status, created_at, finished_at)
    VALUES (:id, :organization_id, 'email', 'asha@example.com', :address_hash, :category, :status, :at, :finished_at)
""")


async def had(
    session: Session,
    ago: timedelta,
    *,
    status: str = "sent",
    category: str = "marketing",
    id_: UUID | None = None,
    held: timedelta = timedelta(0),
) -> None:
    """A delivery of before. ago: since it ended. held: for how long it had waited until then."""
    at: datetime = NOW - ago
    facts = {"organization_id": OURS, "address_hash": HASH, "category": category, "status": status, "at": at - held}
    await session.execute(_SENT, {**facts, "id": id_ or uuid4(), "finished_at": None if status == "sending" else at})


async def throttled(session: Session, *candidates: Candidate) -> list[int]:
    """The places of those that are stopped."""
    found = await ThrottleGate().check(session, candidates, NOW)
    assert {one.reason for one in found.values()} <= {"throttled"}
    return [place for place, one in enumerate(candidates) if one.id in found]


async def test_what_goes_over_the_limit_of_an_hour_is_stopped_the_oldest_first_sent(session: Session) -> None:
    await policy(session, throttle_per_hour=3)
    await had(session, timedelta(minutes=10))
    await had(session, timedelta(minutes=59), status="sending")
    await had(session, timedelta(minutes=61))

    later = candidate(1, asked_at=NOW + timedelta(seconds=1))
    assert await throttled(session, later, candidate(2)) == [0]


async def test_limit_of_a_day_counts_twenty_four_hours(session: Session) -> None:
    await policy(session, throttle_per_day=2)
    await had(session, timedelta(hours=23))
    await had(session, timedelta(hours=25))

    assert await throttled(session, candidate(1), candidate(2)) == [1]


async def test_what_was_held_over_night_counts_by_when_it_went_out(session: Session) -> None:
    await policy(session, throttle_per_hour=1, throttle_per_day=2)
    await had(session, timedelta(minutes=5), held=timedelta(hours=10))
    for _ in range(2):
        await had(session, timedelta(hours=23), held=timedelta(days=3), category="reminders")

    assert await throttled(session, candidate(1), candidate(2, category="reminders")) == [0, 1]


async def test_transactional_other_recipients_and_other_categories_are_not_counted(session: Session) -> None:
    await policy(session, throttle_per_hour=1)
    await had(session, timedelta(minutes=5))
    await had(session, timedelta(minutes=5), category="payments")

    passing = [
        candidate(1, category="payments"),
        candidate(2, category="reminders"),
        candidate(3, address_hash="1" * 32),
        candidate(4, organization_id=None),
        candidate(5, organization_id=UUID(int=6)),
        candidate(6, channel="in_app", address_hash=""),
    ]
    assert await throttled(session, *passing, candidate(7), candidate(8, category="gossip")) == [6]


async def test_message_that_was_tried_before_is_counted_once_and_passes(session: Session) -> None:
    await policy(session, throttle_per_hour=1)
    again, first = candidate(1, first=False), candidate(2)
    await had(session, timedelta(minutes=5), status="sending", id_=first.id)

    assert await throttled(session, again, first) == []


async def test_dropped_and_failed_messages_are_not_counted(session: Session) -> None:
    await policy(session, throttle_per_hour=1)
    await had(session, timedelta(minutes=5), status="dropped")
    await had(session, timedelta(minutes=5), status="failed")

    assert await throttled(session, candidate(1)) == []
