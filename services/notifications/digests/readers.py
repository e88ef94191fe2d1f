"""Whom digests are made for: what is said the same to all people of an organization, and what the digest calls things."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.notifications.categories.models import Category
from services.notifications.categories.repository import CategoryReader
from services.notifications.digests.mornings import FALLBACK_ZONE
from services.notifications.locales import primary
from services.notifications.notices.links import Frontends
from services.notifications.people.models import Person
from services.notifications.policies.repository import PolicyReader
from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class Around:
    """What is the same for all people of an organization. time_zone: of those who have none of their own."""

    categories: Sequence[Category]
    frontend_url: str
    time_zone: str

    def titles(self, person: Person) -> Mapping[str, str]:
        """What categories are called in the language that the person reads."""
        in_hindi = primary(person.locale or "en") == "hi"
        return {one.name: (one.title_hi if in_hindi else None) or one.title for one in self.categories}

    def zone_of(self, person: Person) -> str:
        """In which time zone the person has days."""
        return person.time_zone or self.time_zone


async def around(session: Session, organizations: Collection[UUID | None], frontend_url: str) -> Mapping[UUID | None, Around]:
    """What is the same for all people of each organization. frontend_url: of those that have none of their own."""
    frontends = await Frontends(PolicyReader(session), frontend_url).of(organizations)
    named = [one for one in organizations if one is not None]
    policies = await PolicyReader(session).find_many(named) if named else {}
    zones: dict[UUID | None, str | None] = {one: policy.time_zone for one, policy in policies.items()}
    reader = CategoryReader(session)
    return {
        one: Around(await reader.seen_by(one), frontends[one].rstrip("/"), zones.get(one) or FALLBACK_ZONE)
        for one in sorted(organizations, key=str)
    }
