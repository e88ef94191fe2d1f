"""What the tests of digests share."""

from typing import Any, Final

from services.notifications.digests.repository import DigestRepository, NewEntry
from services.notifications.gates.gate import Candidate
from services.notifications.gates.preference_gate import Collectable
from services.notifications.preferences.models import Cadence
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING

ASHA: Final = "payments.customer:7"
DRIVER: Final = "trips.driver:7"


def candidate(person: str = ASHA, **fields: Any) -> Candidate:
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


def collectable(cadence: Cadence, zone: str = "UTC", **fields: Any) -> Collectable:
    """The same, with how often its recipient wants to be told, and where mornings are."""
    return Collectable(candidate(**fields), cadence, zone)


async def keep(session: Session, one: Candidate, cadence: Cadence = Cadence.DAILY) -> None:
    """Its entry, which waits for its recipient's digest."""
    assert one.to_person is not None
    entry = NewEntry(
        delivery_id=one.id,
        person=one.to_person,
        organization_id=one.organization_id,
        category=one.category,
        cadence=cadence,
        template_name=one.template_name,
        subject_key=one.subject_key,
        asked_at=one.asked_at,
        valid_until=one.valid_until,
    )
    await DigestRepository(session).collect([entry], MONDAY_MORNING)


async def collected(
    session: Session, count: int = 1, person: str = ASHA, cadence: Cadence = Cadence.DAILY, **fields: Any
) -> None:
    """So many entries that wait for a person's digest."""
    for _ in range(count):
        await keep(session, candidate(person, **fields), cadence)
