"""Statements on people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text

from services.notifications.people.models import Person
from shared.runtime.db import ReadSession, Session

# Returns those who have come to be written to somewhere else, or by another organization.
# A person who was erased stays as a bare reference and version: what the owner said earlier and arrives late must not bring
# the person back, what the owner says anew may.
_UPSERT: Final = text("""
    WITH kept AS (
    INSERT INTO people AS known (reference, organization_id, name, email, phone, locale, time_zone, entity_version, revision,
                                 updated_at)
    SELECT reference, organization_id, name, email, phone, locale, time_zone, entity_version, 1, :now
      FROM unnest(CAST(:reference AS text[]), CAST(:organization_id AS uuid[]), CAST(:name AS text[]), CAST(:email AS text[]),
                  CAST(:phone AS text[]), CAST(:locale AS text[]), CAST(:time_zone AS text[]), CAST(:entity_version AS bigint[]))
           AS row(reference, organization_id, name, email, phone, locale, time_zone, entity_version)
     ORDER BY reference
    ON CONFLICT (reference) DO UPDATE SET
           organization_id = excluded.organization_id, name = excluded.name, email = excluded.email, phone = excluded.phone,
           locale = excluded.locale, time_zone = excluded.time_zone, entity_version = excluded.entity_version,
           revision = known.revision + 1, updated_at = excluded.updated_at, erased_at = NULL
     WHERE known.entity_version < excluded.entity_version
    RETURNING new.reference, new.organization_id, new.email, new.phone, old.organization_id AS organization_before,
              old.email AS email_before, old.phone AS phone_before
    )
    SELECT reference, organization_id, email, phone FROM kept
     WHERE (organization_id, email, phone) IS DISTINCT FROM (organization_before, email_before, phone_before)
     ORDER BY reference
""")

_PUT: Final = text("""
    INSERT INTO people AS known (reference, organization_id, name, email, phone, locale, time_zone, entity_version, revision,
                                 updated_at)
    VALUES (:reference, :organization_id, :name, :email, :phone, :locale, :time_zone, 0, 1, :now)
    ON CONFLICT (reference) DO UPDATE SET
           organization_id = excluded.organization_id, name = excluded.name, email = excluded.email, phone = excluded.phone,
           locale = excluded.locale, time_zone = excluded.time_zone, revision = known.revision + 1,
           updated_at = excluded.updated_at, erased_at = NULL
     WHERE known.revision = :seen
    RETURNING reference
""")

_ERASE: Final = text("""
    UPDATE people SET name = NULL, email = NULL, phone = NULL, locale = NULL, time_zone = NULL, revision = revision + 1,
                      updated_at = :now, erased_at = :now
     WHERE reference = :reference
""")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What is known of a person, checked."""

    reference: str
    organization_id: UUID | None
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    time_zone: str | None
    entity_version: int


class Reached(NamedTuple):
    """Where somebody is written to now, and for whom."""

    reference: str
    organization_id: UUID | None
    email: str | None
    phone: str | None


class PersonReader:
    """What is read of people. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find_many(self, references: Sequence[str]) -> Mapping[str, Person]:
        """The people with these references; who is not known, or was erased, is missing."""
        query = select(Person).where(Person.reference.in_(set(references)), Person.erased_at.is_(None))
        return {person.reference: person for person in await self._session.scalars(query)}

    async def erased(self, references: Sequence[str]) -> Mapping[str, Person]:
        """Those of these people who were erased: the bare reference, whose it was, and when it was erased."""
        query = select(Person).where(Person.reference.in_(set(references)), Person.erased_at.is_not(None))
        return {person.reference: person for person in await self._session.scalars(query)}

    async def find(self, reference: str, organization_id: UUID | None) -> Person | None:
        """One person."""
        query = select(Person).where(Person.reference == reference, Person.erased_at.is_(None))
        if organization_id is not None:
            query = query.where(Person.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()

    async def listed(
        self, organization_id: UUID | None, *, email: str | None, name_prefix: str | None, after: str | None, limit: int
    ) -> Sequence[Person]:
        """By reference, beginning after the one that `after` names. E-mail and name without regard to case."""
        query = select(Person).where(Person.erased_at.is_(None)).order_by(Person.reference).limit(limit)
        if organization_id is not None:
            query = query.where(Person.organization_id == organization_id)
        if email is not None:
            query = query.where(func.lower(Person.email) == func.lower(email))
        if name_prefix is not None:
            query = query.where(func.lower(Person.name).startswith(name_prefix.lower(), autoescape=True))
        if after is not None:
            query = query.where(Person.reference > after)
        return (await self._session.scalars(query)).all()


class PersonRepository:
    """What is written of people."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def upsert(self, rows: Sequence[PersonRow], now: datetime) -> Sequence[Reached]:
        """Bring people to what their owners say, in one statement; an older version changes nothing. A reference stands once.

        Returns those who are new, or have another address, number or organization than before.
        """
        columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(PersonRow)}
        return [Reached(*row) for row in await self._session.execute(_UPSERT, {**columns, "now": now})]

    async def locked(self, reference: str) -> Person | None:
        """The row, erased or not, held until the unit of work ends."""
        query = select(Person).where(Person.reference == reference).with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def put(self, row: PersonRow, organization_id: UUID | None, *, seen: int, now: datetime) -> Person | None:
        """Create or replace one person for an operator; the owner's version stays what it was.

        seen: the revision that is replaced, 0 for none; None comes back where there is another.
        """
        bound: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(PersonRow)}
        del bound["entity_version"]
        put = await self._session.execute(_PUT, {**bound, "organization_id": organization_id, "seen": seen, "now": now})
        if put.one_or_none() is None:
            return None
        query = select(Person).where(Person.reference == row.reference).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one()

    async def erase(self, reference: str, now: datetime) -> None:
        """Forget everything personal."""
        await self._session.execute(_ERASE, {"reference": reference, "now": now})
