"""Statements on daily digests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session

CATEGORY: Final = "digests"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A message that its recipient gets in the digest in the place of at once."""

    delivery_id: UUID
    person: str
    organization_id: UUID | None
    category: str
    template_name: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a digest can tell of. title: the subject that the message has, where one was made."""

    delivery_id: UUID
    person: str
    category: str
    title: str | None
    template_name: str | None
    occurred_at: datetime


_COLLECT: Final = text("""
    INSERT INTO digest_entries (delivery_id, person, organization_id, category, template_name, occurred_at)
    SELECT delivery_id, person, organization_id, category, template_name, :now
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:person AS text[]), CAST(:organization_id AS uuid[]),
                  CAST(:category AS text[]), CAST(:template_name AS text[]))
           AS row(delivery_id, person, organization_id, category, template_name)
     ORDER BY delivery_id
    ON CONFLICT (delivery_id) DO NOTHING
""")

_BEGIN: Final = text("INSERT INTO digest_progress (slot) VALUES (:first) ON CONFLICT (only_one) DO NOTHING")
_LOOKED_UNTIL: Final = text("SELECT slot FROM digest_progress FOR UPDATE")
_LOOKED: Final = text("UPDATE digest_progress SET slot = :slot")

_ZONE: Final = "coalesce(person.time_zone, policy.time_zone, 'UTC')"
_PEOPLE: Final = """
      FROM people AS person LEFT JOIN organization_policies AS policy USING (organization_id)
     WHERE person.email IS NOT NULL AND person.erased_at IS NULL
"""
_ZONES: Final = text(f"SELECT DISTINCT {_ZONE} AS zone {_PEOPLE}")

# Whoever has declined digests would only have them dropped at the gate.
_DUE: Final = text(f"""
    SELECT person.reference, {_ZONE} AS zone {_PEOPLE}
       AND {_ZONE} = ANY(CAST(:zones AS text[]))
       AND (person.reference LIKE 'trips.%'
            OR EXISTS (SELECT FROM digest_entries AS entry WHERE entry.person = person.reference AND digested_on IS NULL))
       AND 'off' IS DISTINCT FROM coalesce(
               (SELECT choice FROM preferences AS own
                 WHERE own.person = person.reference AND own.category = :category AND own.channel = 'email'),
               (SELECT choice FROM organization_choices AS ours
                 WHERE ours.organization_id = person.organization_id AND ours.category = :category AND ours.channel = 'email'))
     ORDER BY person.reference
""")  # noqa: S608 - as above

_WAITING: Final = text("""
    SELECT DISTINCT person FROM digest_entries WHERE person = ANY(CAST(:people AS text[])) AND digested_on IS NULL
""")

_TAKE: Final = text("""
    SELECT entry.delivery_id, entry.person, entry.category, deliveries.subject AS title, entry.template_name, entry.occurred_at
      FROM digest_entries AS entry LEFT JOIN deliveries ON deliveries.id = entry.delivery_id
     WHERE entry.person = ANY(CAST(:people AS text[])) AND digested_on IS NULL
     ORDER BY entry.person, entry.occurred_at, entry.delivery_id FOR UPDATE OF entry
""")

_DIGESTED: Final = text("""
    UPDATE digest_entries SET digested_on = row.day
      FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS row(id, day) WHERE delivery_id = row.id
""")


class DigestReader:
    """What is read of digests."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def zones(self) -> list[str]:
        """The time zones of everybody who can be written to: the person's, else the organization's, else UTC."""
        return list(await self._session.scalars(_ZONES))

    async def due(self, zones: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Reference and zone of those in these zones to whom there may be something to say, and who have not declined it."""
        bound = {"zones": list(zones), "category": CATEGORY}
        return [(row.reference, row.zone) for row in await self._session.execute(_DUE, bound)]

    async def waiting(self, people: Sequence[str]) -> set[str]:
        """Those of these people for whom there are entries."""
        return set(await self._session.scalars(_WAITING, {"people": list(people)}))


class DigestRepository(DigestReader):
    """What is written of digests."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def collect(self, entries: Sequence[NewEntry], now: datetime) -> None:
        """Keep entries until their digest. A delivery is told of once."""
        columns = {field.name: [getattr(entry, field.name) for entry in entries] for field in fields(NewEntry)}
        await self._writing.execute(_COLLECT, {**columns, "now": now})

    async def looked_until(self, first: datetime) -> datetime:
        """Until when mornings have been looked at, held until the unit of work ends. first: what counts the first time."""
        await self._writing.execute(_BEGIN, {"first": first})
        found: datetime = (await self._writing.execute(_LOOKED_UNTIL)).scalar_one()
        return found

    async def looked(self, slot: datetime) -> None:
        """Everybody's morning until then has been looked at."""
        await self._writing.execute(_LOOKED, {"slot": slot})

    async def take(self, people: Sequence[str]) -> Mapping[str, list[Entry]]:
        """What waits for these people's digests, oldest first, held until the unit of work ends."""
        taken: dict[str, list[Entry]] = {}
        for row in await self._writing.execute(_TAKE, {"people": list(people)}):
            taken.setdefault(row.person, []).append(Entry(*row))
        return taken

    async def digested(self, told: Mapping[UUID, date]) -> None:
        """These entries stand in the digests of these days."""
        bound: dict[str, Any] = {"ids": list(told), "days": list(told.values())}
        await self._writing.execute(_DIGESTED, bound)
