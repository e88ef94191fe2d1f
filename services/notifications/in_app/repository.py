"""Statements on in-app inboxes.

Every change draws the inbox's next number under the lock of its row. So whoever has seen all until a number has missed nothing
before it, and asking for what is beyond it tells everything else, each item once and as it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.notifications.in_app.models import InAppItem
from shared.runtime.db import ReadSession, Session


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is put into an inbox."""

    id: UUID
    person: str
    organization_id: UUID | None
    delivery_id: UUID
    category: str
    title: str
    body: str
    link: str | None
    subject_key: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """How far an inbox has been written, and how much of it is neither read nor archived."""

    last_seq: int
    unread: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items an inbox has. items: those that are not archived. last_seq: the number of its newest change."""

    unread: int
    items: int
    archived: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of items; None leaves it as it is."""

    read: bool | None = None
    archived: bool | None = None


_PUT: Final = text("""
    WITH new AS (
        SELECT row.*, row_number() OVER (PARTITION BY person ORDER BY ordinality) AS nth, count(*) OVER (PARTITION BY person) AS n
          FROM unnest(CAST(:id AS uuid[]), CAST(:person AS text[]), CAST(:organization_id AS uuid[]),
                      CAST(:delivery_id AS uuid[]), CAST(:category AS text[]), CAST(:title AS text[]), CAST(:body AS text[]),
                      CAST(:link AS text[]), CAST(:subject_key AS text[]))
               WITH ORDINALITY
               AS row(id, person, organization_id, delivery_id, category, title, body, link, subject_key, ordinality)
         WHERE NOT EXISTS (SELECT FROM in_app_items AS known WHERE known.delivery_id = row.delivery_id)
    ), head AS (
        INSERT INTO in_app_inboxes AS inbox (person, last_seq, unread)
        SELECT DISTINCT person, n, n FROM new ORDER BY person
        ON CONFLICT (person) DO UPDATE SET last_seq = inbox.last_seq + excluded.last_seq, unread = inbox.unread + excluded.unread
        RETURNING person, last_seq
    )
    INSERT INTO in_app_items (id, person, organization_id, delivery_id, category, title, body, link, subject_key,
                              seq, changed_seq, created_at)
    SELECT id, person, organization_id, delivery_id, category, title, body, link, subject_key,
           last_seq - n + nth, last_seq - n + nth, :now
      FROM new JOIN head USING (person)
""")

_LOCK: Final = text("""
    SELECT person FROM in_app_inboxes WHERE person = ANY(CAST(:people AS text[])) ORDER BY person FOR UPDATE
""")

_CHANGE: Final = text("""
    WITH stands AS (
        SELECT id, person, seq, read_at AS had_read, archived_at AS had_archived,
               CASE WHEN CAST(:read AS boolean) IS NULL THEN read_at WHEN :read THEN coalesce(read_at, :now) END AS read_at,
               CASE WHEN CAST(:archived AS boolean) IS NULL THEN archived_at
                    WHEN :archived THEN coalesce(archived_at, :now) END AS archived_at
          FROM in_app_items
         WHERE person = ANY(CAST(:people AS text[])) AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(CAST(:ids AS uuid[])))
           AND (CAST(:through AS bigint) IS NULL OR seq <= :through)
    ), changed AS (
        SELECT *, row_number() OVER (PARTITION BY person ORDER BY seq) AS nth
          FROM stands WHERE (read_at IS NULL, archived_at IS NULL) <> (had_read IS NULL, had_archived IS NULL)
    ), head AS (
        UPDATE in_app_inboxes AS inbox SET last_seq = inbox.last_seq + counted.n, unread = inbox.unread + counted.unread
          FROM (SELECT person, count(*) AS n,
                       count(*) FILTER (WHERE read_at IS NULL AND archived_at IS NULL)
                       - count(*) FILTER (WHERE had_read IS NULL AND had_archived IS NULL) AS unread
                  FROM changed GROUP BY person) AS counted
         WHERE inbox.person = counted.person
        RETURNING inbox.person, inbox.last_seq - counted.n AS before
    )
    UPDATE in_app_items AS item
       SET read_at = changed.read_at, archived_at = changed.archived_at, changed_seq = head.before + changed.nth
      FROM changed JOIN head USING (person) WHERE item.id = changed.id
    RETURNING item.id
""")

# An item counts as asked for when its message was, which may have waited before it came here.
_ABOUT: Final = text("""
    SELECT item.id, item.person FROM in_app_items AS item LEFT JOIN deliveries ON deliveries.id = item.delivery_id
     WHERE item.subject_key = ANY(CAST(:subject_keys AS text[])) AND item.archived_at IS NULL AND item.read_at IS NULL
       AND coalesce(deliveries.asked_at, item.created_at) <= :before
       AND (CAST(:organization_id AS uuid) IS NULL OR item.organization_id = :organization_id)
""")

_HEADS: Final = text("""
    SELECT person, last_seq, unread FROM in_app_inboxes WHERE person = ANY(CAST(:people AS text[]))
""")

_COUNTS: Final = text("""
    SELECT unread, (SELECT count(*) FROM in_app_items WHERE person = inbox.person AND archived_at IS NULL) AS items,
           (SELECT count(*) FROM in_app_items WHERE person = inbox.person AND archived_at IS NOT NULL) AS archived, last_seq
      FROM in_app_inboxes AS inbox WHERE person = :person
""")


class InboxReader:
    """What is read of inboxes."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def listed(
        self, person: str, *, unread: bool | None, archived: bool, after: int | None, limit: int
    ) -> Sequence[InAppItem]:
        """The newest first. after: the number of the last one seen. archived: those alone; else those that are not."""
        query = select(InAppItem).where(InAppItem.person == person).order_by(InAppItem.seq.desc()).limit(limit)
        query = query.where(InAppItem.archived_at.is_not(None) if archived else InAppItem.archived_at.is_(None))
        if unread is not None:
            query = query.where(InAppItem.read_at.is_(None) if unread else InAppItem.read_at.is_not(None))
        if after is not None:
            query = query.where(InAppItem.seq < after)
        return (await self._session.scalars(query)).all()

    async def find(self, person: str, item_id: UUID) -> InAppItem | None:
        """One item, as the database has it now."""
        query = select(InAppItem).where(InAppItem.person == person, InAppItem.id == item_id)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def changed_after(self, person: str, seq: int, limit: int) -> Sequence[InAppItem]:
        """What has come or changed since the inbox's number was `seq`, in that order."""
        query = select(InAppItem).where(InAppItem.person == person, InAppItem.changed_seq > seq)
        return (await self._session.scalars(query.order_by(InAppItem.changed_seq).limit(limit))).all()

    async def heads(self, people: Sequence[str]) -> Mapping[str, Head]:
        """How far these people's inboxes have been written; who never got anything is missing."""
        found = await self._session.execute(_HEADS, {"people": list(people)})
        return {row.person: Head(row.last_seq, row.unread) for row in found}

    async def counts(self, person: str) -> Counts:
        """How many items the inbox has."""
        row = (await self._session.execute(_COUNTS, {"person": person})).one_or_none()
        return Counts(*row) if row is not None else Counts(0, 0, 0, 0)


class InboxRepository(InboxReader):
    """What is written of inboxes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def put(self, items: Sequence[NewItem], now: datetime) -> None:
        """Put items into inboxes, in this order, in one statement. What a delivery has brought before is left alone."""
        columns = {field.name: [getattr(item, field.name) for item in items] for field in fields(NewItem)}
        await self._writing.execute(_PUT, {**columns, "now": now})

    async def change(
        self,
        people: Sequence[str],
        change: Change,
        now: datetime,
        *,
        ids: Sequence[UUID] | None = None,
        through: int | None = None,
    ) -> list[UUID]:
        """Change items of these people, and return those that were not so before.

        ids: these alone. through: those alone that had come by this number.
        """
        # Locked by a statement of its own: the next one then sees what whoever held the lock has written.
        await self._writing.execute(_LOCK, {"people": list(people)})
        bound: dict[str, Any] = {
            "people": list(people),
            "read": change.read,
            "archived": change.archived,
            "ids": list(ids) if ids is not None else None,
            "through": through,
            "now": now,
        }
        return list(await self._writing.scalars(_CHANGE, bound))

    async def unread_about(
        self, subject_keys: Sequence[str], before: datetime, organization_id: UUID | None
    ) -> Sequence[tuple[UUID, str]]:
        """Items (id and person) about these subjects that were asked for until `before` and that nobody has read.

        organization_id: whose alone; None for everybody's.
        """
        bound = {"subject_keys": list(subject_keys), "before": before, "organization_id": organization_id}
        return [(row.id, row.person) for row in await self._writing.execute(_ABOUT, bound)]
