"""What the relay shows of reports and of the suppression list: read from the tables, whoever has written them."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.notifications.relay import MEASURES
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.tests.callbacks.arrange import HASHER, store
from shared.runtime.db import Session
from shared.runtime.metrics import REGISTRY
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.database import JoinedDatabase


async def _measure(database: JoinedDatabase) -> None:
    for measure in MEASURES:
        await measure(database, FrozenClock(MONDAY_MORNING))


async def test_age_of_the_oldest_event_that_is_not_applied_is_shown(joined_database: JoinedDatabase, session: Session) -> None:
    shown = []
    for minutes in (10, 20, None):
        if minutes is None:
            await session.execute(text("UPDATE provider_events SET state = 'applied', settled_at = received_at"))
        else:
            await store(session, "sendgrid", b"{}", at=MONDAY_MORNING - timedelta(minutes=minutes))
        await _measure(joined_database)
        shown.append(REGISTRY.get_sample_value("notifications_callbacks_oldest_seconds"))

    assert shown == [600, 1200, 0]


@pytest.mark.parametrize(("reason", "channel"), [(Reason.COMPLAINT, "email"), (Reason.INVALID_NUMBER, "sms")])
async def test_entries_of_the_last_day_are_shown_by_why(
    joined_database: JoinedDatabase, session: Session, reason: Reason, channel: str
) -> None:
    for number, hours in enumerate((1, 23, 25)):
        at, hashed = MONDAY_MORNING - timedelta(hours=hours), HASHER.hash(channel, str(number))
        row = SuppressionRow(channel, None, hashed, Scope.GLOBAL, reason, "test", "test", at)
        await SuppressionRepository(session).add([row])
    await _measure(joined_database)

    known = {"channel": channel, "reason": reason.value}
    assert REGISTRY.get_sample_value("notifications_suppressions_last_day", known) == 2
