"""What happens by the clock."""

from datetime import UTC, datetime

from services.alerts.schedules import ENTRIES
from shared.contracts.alerts import EvaluateShipments, QueuePendingEmails
from shared.runtime.db import Session
from shared.runtime.schedule import fire_due_slots
from shared.testing.messages import assert_published, published

DEPLOYED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_evaluation_is_asked_for_daily_at_eight_in_utc(session: Session) -> None:
    await fire_due_slots(session, ENTRIES, DEPLOYED)

    for day in (3, 4):
        await fire_due_slots(session, ENTRIES, datetime(2026, 3, day, 7, 59, 59, tzinfo=UTC))
        await fire_due_slots(session, ENTRIES, datetime(2026, 3, day, 8, 0, 1, tzinfo=UTC))

    assert await published(session, EvaluateShipments) == [
        EvaluateShipments(as_of=datetime(2026, 3, day, 8, tzinfo=UTC)) for day in (3, 4)
    ]


async def test_each_day_without_a_scheduler_is_made_good_oldest_first(session: Session) -> None:
    await fire_due_slots(session, ENTRIES, DEPLOYED)

    await fire_due_slots(session, ENTRIES, datetime(2026, 3, 5, 12, 2, tzinfo=UTC))

    assert await published(session, EvaluateShipments) == [
        EvaluateShipments(as_of=datetime(2026, 3, day, 8, tzinfo=UTC)) for day in (3, 4, 5)
    ]
    await assert_published(session, QueuePendingEmails)
