"""Candidates and choices for the tests of gates."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from services.notifications.categories.models import LegalClass
from services.notifications.categories.repository import CategoryRepository, CategoryRow
from services.notifications.gates.gate import Candidate
from services.notifications.people.repository import PersonRepository, PersonRow
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyRepository
from services.notifications.preferences.models import Channel, Choice, Key, QuietHours, Sheet
from services.notifications.preferences.repository import PreferenceRepository
from shared.runtime.db import Session

NOW: Final = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
OURS: Final = UUID(int=5)
ASHA: Final = "payments.customer:42"
HASH: Final = "0" * 32


def candidate(number: int = 1, **facts: Any) -> Candidate:
    """A message to Asha about marketing by e-mail, unless something else is said."""
    usual: dict[str, Any] = {
        "id": UUID(int=1000 + number),
        "organization_id": OURS,
        "channel": "email",
        "to_person": ASHA,
        "address": "asha@example.com",
        "address_hash": HASH,
        "category": "marketing",
        "lane": "notifications.normal",
        "urgent": False,
        "template_name": None,
        "subject_key": None,
        "dedupe_key": None,
        "asked_at": NOW,
    }
    return Candidate(**(usual | facts))


async def choose(session: Session, category: str, channel: str, choice: str, person: str = ASHA) -> None:
    """What a person has chosen."""
    preferences = PreferenceRepository(session)
    await preferences.locked(person, NOW)
    await preferences.choose(person, {Key(category, Channel(channel)): Choice(choice)}, NOW)


async def times(session: Session, quiet: QuietHours | None = None, **facts: Any) -> None:
    """When Asha wants nothing."""
    preferences = PreferenceRepository(session)
    sheet = await preferences.locked(ASHA, NOW)
    await preferences.put_sheet(Sheet(ASHA, sheet.revision, quiet, facts.get("paused_until")), NOW)


async def policy(session: Session, **facts: Any) -> None:
    """What our organization says."""
    await PolicyRepository(session).put(Policy(organization_id=OURS, **facts), now=NOW, by="ann")


async def category(session: Session, name: str, legal_class: LegalClass) -> None:
    """A category of our organization's own."""
    await CategoryRepository(session).put(CategoryRow(name, OURS, legal_class, name, None), seen=0, now=NOW)


async def asha(session: Session, **facts: Any) -> None:
    """Asha, as her owner tells of her."""
    usual: dict[str, Any] = {"name": "Asha Rao", "email": "asha@example.com", "phone": None, "locale": None, "time_zone": None}
    row = PersonRow(reference=ASHA, organization_id=OURS, entity_version=1, **(usual | facts))
    await PersonRepository(session).upsert([row], NOW)
