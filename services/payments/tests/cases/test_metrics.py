"""What the relay shows of cases and of gateways' events: read from the tables, whoever has written them."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.relay import MEASURES
from services.payments.tests.payments.arrange import NOON
from shared.runtime.db import Session
from shared.runtime.metrics import REGISTRY
from shared.testing.clock import FrozenClock
from shared.testing.database import JoinedDatabase

_EVENT: Final = text("""
    INSERT INTO gateway_events (id, gateway, account, event_id, name, entity_id, created_at, received_at, state)
    VALUES (uuidv7(), 'stripe', 'stripe', :event_id, 'charge.failed', :event_id, :at, :at, :state)
""")


async def _measure(database: JoinedDatabase) -> None:
    for measure in MEASURES:
        await measure(database, FrozenClock(NOON))


async def test_open_cases_are_shown_by_kind_until_they_are_resolved(joined_database: JoinedDatabase, session: Session) -> None:
    kept = KeptCases(CaseRepository(session), FrozenClock(NOON))
    for number in range(2):
        await kept.open("billing_held", None, {"subscription_id": str(UUID(int=number)), "reason": "no plan"})
    await kept.open("webhooks_silent", None, {"gateway": "stripe", "account": "stripe"})

    shown = []
    for _ in range(2):
        await _measure(joined_database)
        kinds = ("billing_held", "webhooks_silent")
        shown.append([REGISTRY.get_sample_value("payments_cases_open", {"kind": kind}) for kind in kinds])
        await session.execute(
            text(
                "UPDATE cases SET state = 'resolved', resolution = 'fixed', resolved_at = now(), version = version + 1"
                " WHERE kind = 'webhooks_silent'"
            )
        )

    assert shown == [[2, 1], [2, None]]


async def test_age_of_the_oldest_event_that_is_not_applied_is_shown(joined_database: JoinedDatabase, session: Session) -> None:
    shown = []
    for event_id, minutes, state in (("evt_1", 90, "applied"), ("evt_2", 20, "waiting"), ("evt_3", 10, "waiting")):
        bound = {"event_id": event_id, "at": NOON - timedelta(minutes=minutes), "state": state}
        await session.execute(_EVENT, bound)
        await _measure(joined_database)
        shown.append(REGISTRY.get_sample_value("payments_gateway_events_oldest_seconds"))

    assert shown == [0, 1200, 1200]
