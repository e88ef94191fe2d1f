"""What happens to matching by the clock."""

from datetime import timedelta

from services.payments.schedules import ENTRIES
from services.payments.tests.matching.arrange import NOW
from shared.contracts.payments import ExpireOffers, MatchOrders
from shared.runtime.db import Session
from shared.runtime.schedule import fire_due_slots
from shared.testing.messages import published


async def test_offers_are_looked_at_every_minute_and_orders_every_five(session: Session) -> None:
    entries = [entry for entry in ENTRIES if entry.name in ("expire-offers", "match-orders")]

    for minute in range(6):
        await fire_due_slots(session, entries, NOW + timedelta(minutes=minute, seconds=1))

    assert await published(session, ExpireOffers) == [
        ExpireOffers(slot=NOW + timedelta(minutes=minute)) for minute in range(1, 6)
    ]
    assert await published(session, MatchOrders) == [MatchOrders(slot=NOW + timedelta(minutes=5))]
