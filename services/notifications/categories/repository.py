"""Statements on categories."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.categories.models import BUILT_IN, About, Category, Law, LegalClass, law_of_class
from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = "name, organization_id, legal_class, title, title_hi, revision"

_SEEN_BY: Final = text(f"""
    SELECT {_COLUMNS} FROM categories
     WHERE (organization_id IS NULL OR organization_id = CAST(:organization_id AS uuid))
     ORDER BY organization_id NULLS FIRST, name
""")  # noqa: S608 - put together from constants of this module; values are bound

_LISTED: Final = text(f"""
    SELECT {_COLUMNS} FROM categories
     WHERE (organization_id IS NULL OR CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id)
       AND (CAST(:name AS text) IS NULL
            OR (name, coalesce(CAST(organization_id AS text), '')) > (:name, CAST(:owner AS text)))
     ORDER BY name, coalesce(CAST(organization_id AS text), '') LIMIT :limit
""")  # noqa: S608 - as above

_FIND: Final = f"""
    SELECT {_COLUMNS} FROM categories
     WHERE name = :name AND (organization_id IS NULL OR organization_id = CAST(:organization_id AS uuid))
"""  # noqa: S608 - as above

_LAWS: Final = text("""
    SELECT asked.number, law.*
      FROM unnest(CAST(:number AS int[]), CAST(:category AS text[]), CAST(:organization_id AS uuid[]), CAST(:person AS text[]))
           AS asked(number, category, organization_id, person)
      LEFT JOIN people ON asked.organization_id IS NULL AND people.reference = asked.person
     CROSS JOIN LATERAL law_of(coalesce(asked.organization_id, people.organization_id), asked.category) AS law
""")

_PUT: Final = text(f"""
    INSERT INTO categories AS known ({_COLUMNS}, updated_at)
    VALUES (:name, :organization_id, :legal_class, :title, :title_hi, 1, :now)
    ON CONFLICT (name, organization_id) DO UPDATE SET
           title = excluded.title, title_hi = excluded.title_hi, revision = known.revision + 1, updated_at = excluded.updated_at
     WHERE known.revision = :seen AND known.legal_class = excluded.legal_class
    RETURNING {_COLUMNS}
""")  # noqa: S608 - as above

_DELETE: Final = text("DELETE FROM categories WHERE name = :name AND organization_id = :organization_id")


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """An organization's own category."""

    name: str
    organization_id: UUID
    legal_class: LegalClass
    title: str
    title_hi: str | None


class CategoryReader:
    """What is read of categories."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def seen_by(self, organization_id: UUID | None) -> Sequence[Category]:
        """The built-in ones, and then the organization's own, each by name."""
        return [_category(row) for row in await self._session.execute(_SEEN_BY, {"organization_id": organization_id})]

    async def listed(self, organization_id: UUID | None, *, after: tuple[str, str] | None, limit: int) -> Sequence[Category]:
        """By name: the built-in ones and an organization's, or everybody's. after: name and organization of the last one."""
        name, owner = after if after is not None else (None, None)
        bound = {"organization_id": organization_id, "name": name, "owner": owner, "limit": limit}
        return [_category(row) for row in await self._session.execute(_LISTED, bound)]

    async def laws(self, asked: Collection[About]) -> Mapping[About, Law]:
        """What the law says of each. The built-in ones, of which nearly all messages are, need no look."""
        found = {one: law_of_class(BUILT_IN[one.category]) for one in asked if one.category in BUILT_IN}
        others = [one for one in dict.fromkeys(asked) if one not in found]
        if not others:
            return found
        columns = {name: [getattr(one, name) for one in others] for name in About._fields}
        for row in await self._session.execute(_LAWS, {"number": list(range(len(others))), **columns}):
            law = Law(LegalClass(row.legal_class), row.can_be_declined, row.counts_as_marketing)
            found[others[row.number]] = law
        return found

    async def find(self, name: str, organization_id: UUID | None) -> Category | None:
        """The built-in one, or the organization's own."""
        row = (await self._session.execute(text(_FIND), {"name": name, "organization_id": organization_id})).one_or_none()
        return _category(row) if row is not None else None


class CategoryRepository(CategoryReader):
    """What is written of categories."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def locked(self, name: str, organization_id: UUID) -> Category | None:
        """As find, held until the unit of work ends."""
        bound = {"name": name, "organization_id": organization_id}
        row = (await self._writing.execute(text(f"{_FIND} FOR UPDATE"), bound)).one_or_none()
        return _category(row) if row is not None else None

    async def put(self, row: CategoryRow, *, seen: int, now: datetime) -> Category | None:
        """Create or replace an organization's category. seen: the revision that is replaced, 0 for none; None comes back where
        there is another one."""
        bound: dict[str, Any] = {
            "name": row.name,
            "organization_id": row.organization_id,
            "legal_class": row.legal_class,
            "title": row.title,
            "title_hi": row.title_hi,
        }
        kept = (await self._writing.execute(_PUT, {**bound, "seen": seen, "now": now})).one_or_none()
        return _category(kept) if kept is not None else None

    async def delete(self, name: str, organization_id: UUID) -> None:
        """Remove an organization's category; what people have chosen about it stays."""
        await self._writing.execute(_DELETE, {"name": name, "organization_id": organization_id})


def _category(row: Any) -> Category:
    return Category(row.name, row.organization_id, LegalClass(row.legal_class), row.title, row.title_hi, row.revision)
