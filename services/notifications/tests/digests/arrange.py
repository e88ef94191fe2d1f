"""What the tests of digests share."""

from typing import Any, Final

from services.notifications.digests.collecting import collect
from services.notifications.gates.gate import Candidate
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING

ASHA: Final = "payments.customer:7"
DRIVER: Final = "trips.driver:7"


def candidate(person: str | None = ASHA, **fields: Any) -> Candidate:
    """A message that its recipient gets in the digest."""
    usual: dict[str, Any] = {
        "id": uuid7(),
        "organization_id": None,
        "channel": "email",
        "address": "asha@example.com",
        "address_hash": "0" * 32,
        "category": "reminders",
        "lane": "notifications.normal",
        "urgent": False,
        "template_name": "order_reminder",
        "subject_key": None,
        "dedupe_key": None,
        "asked_at": MONDAY_MORNING,
    }
    return Candidate(**{**usual, **fields}, to_person=person)


async def collected(session: Session, count: int = 1, person: str | None = ASHA, **fields: Any) -> None:
    """So many entries that wait for a person's digest."""
    await collect(session, [candidate(person, **fields) for _ in range(count)])
