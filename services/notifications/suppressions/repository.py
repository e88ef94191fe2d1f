"""Statements on the suppression list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text, tuple_

from services.notifications.suppressions.models import Reason, Scope, Suppression
from shared.runtime.db import ReadSession, Session


class SuppressionRow(NamedTuple):
    """An entry as it is to be kept.

    address: as people read it; None where nobody may read it any more. address_hash: see addresses.py. category: where the
    scope is one. source: who has told us, such as `sendgrid` or `unsubscribe_page`. created_by: whose change it is.
    """

    channel: str
    address: str | None
    address_hash: str
    scope: Scope
    reason: Reason
    source: str
    created_by: str
    created_at: datetime
    organization_id: UUID | None = None
    category: str | None = None
    note: str | None = None
    expires_at: datetime | None = None


class Removal(NamedTuple):
    """Which entries are taken off; None of organization_id and category means what belongs to none."""

    channel: str
    address_hash: str
    scope: Scope
    reason: Reason
    organization_id: UUID | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressionFilter:
    """Which entries; None is no filter.

    seen_by: the tenant that asks, and gets its own; of those that concern everybody it gets the ones of `address_hash`.
    """

    seen_by: UUID | None = None
    channel: str | None = None
    address_hash: str | None = None
    scope: str | None = None
    reason: str | None = None
    category: str | None = None


class Asked(NamedTuple):
    """A message that asks whether it may go out."""

    id: UUID
    channel: str
    address_hash: str
    organization_id: UUID | None
    category: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """Whose messages have gone to an address; None for those of no organization."""

    organization_id: UUID | None
    category: str

    def is_of(self, account_of: UUID | None) -> bool:
        """Whether it can have gone by an account of this organization, or of the installation."""
        return account_of in (None, self.organization_id)


# A later word on the same entry lets it last longer, and changes nothing else: so every order of the same words ends alike.
_ADD: Final = text("""
    INSERT INTO suppressions AS known (channel, address, address_hash, scope, reason, source, created_by, created_at,
                                       organization_id, category, note, expires_at)
    SELECT DISTINCT ON (address_hash, channel, reason, scope, organization_id, category)
           channel, address, address_hash, scope, reason, source, created_by, created_at, organization_id, category, note,
           expires_at
      FROM unnest(CAST(:channel AS text[]), CAST(:address AS text[]), CAST(:address_hash AS text[]), CAST(:scope AS text[]),
                  CAST(:reason AS text[]), CAST(:source AS text[]), CAST(:created_by AS text[]),
                  CAST(:created_at AS timestamptz[]), CAST(:organization_id AS uuid[]), CAST(:category AS text[]),
                  CAST(:note AS text[]), CAST(:expires_at AS timestamptz[]))
           AS row(channel, address, address_hash, scope, reason, source, created_by, created_at, organization_id, category,
                  note, expires_at)
     ORDER BY address_hash, channel, reason, scope, organization_id, category, expires_at DESC NULLS FIRST
    ON CONFLICT ON CONSTRAINT suppressions_key DO UPDATE SET expires_at = excluded.expires_at
     WHERE known.expires_at < coalesce(excluded.expires_at, 'infinity')
    RETURNING new.id, new.address_hash, old.id IS NULL AS is_new
""")

_REMOVED: Final = """
    ), kept AS (
        INSERT INTO suppression_removals (suppression_id, channel, address_hash, scope, organization_id, category, reason,
                                          added_by, added_at, removed_by, removed_at, why)
        SELECT id, channel, address_hash, scope, organization_id, category, reason, created_by, created_at, :by, :at, :why
          FROM gone
    ), counted AS (
        DELETE FROM soft_bounces USING gone
         WHERE gone.reason = 'soft_bounces' AND soft_bounces.address_hash = gone.address_hash
           AND soft_bounces.channel = gone.channel
           AND soft_bounces.organization_id IS NOT DISTINCT FROM gone.organization_id
    )
    SELECT id FROM gone
"""

_REMOVE: Final = text(f"""
    WITH gone AS (
        DELETE FROM suppressions WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING *
    {_REMOVED}
""")  # noqa: S608 - put together from constants of this module; values are bound

_REMOVE_MATCHING: Final = text(f"""
    WITH gone AS (
        DELETE FROM suppressions AS known
         USING unnest(CAST(:channel AS text[]), CAST(:address_hash AS text[]), CAST(:scope AS text[]), CAST(:reason AS text[]),
                      CAST(:organization_id AS uuid[]), CAST(:category AS text[]))
               AS row(channel, address_hash, scope, reason, organization_id, category)
         WHERE known.address_hash = row.address_hash AND known.channel = row.channel AND known.scope = row.scope
           AND known.reason = row.reason AND known.organization_id IS NOT DISTINCT FROM row.organization_id
           AND known.category IS NOT DISTINCT FROM row.category AND known.created_at <= :at
        RETURNING known.*
    {_REMOVED}
""")  # noqa: S608 - as above

# What the law lets nobody decline goes out in spite of an unsubscribing, and what is no marketing in spite of a complaint and of
# the register of those who want none by telephone.
_STOPPING: Final = text("""
    SELECT DISTINCT ON (asked.id) asked.id, known.reason
      FROM unnest(CAST(:id AS uuid[]), CAST(:channel AS text[]), CAST(:address_hash AS text[]),
                  CAST(:organization_id AS uuid[]), CAST(:category AS text[]))
           AS asked(id, channel, address_hash, organization_id, category)
      JOIN suppressions AS known ON known.address_hash = asked.address_hash AND known.channel = asked.channel
     CROSS JOIN LATERAL law_of(asked.organization_id, asked.category) AS law
     WHERE (known.expires_at IS NULL OR known.expires_at > :now)
       AND (known.scope = 'global' OR known.organization_id IS NOT DISTINCT FROM asked.organization_id)
       AND (known.category IS NULL OR known.category = asked.category)
       AND CASE known.reason
           WHEN 'unsubscribed' THEN law.can_be_declined
           WHEN 'complaint' THEN law.counts_as_marketing
           WHEN 'do_not_call' THEN law.counts_as_marketing
           ELSE true END
     ORDER BY asked.id, array_position(CAST(:order AS text[]), known.reason)
""")

_WROTE: Final = text("""
    SELECT DISTINCT row.address_hash, deliveries.organization_id, deliveries.category
      FROM unnest(CAST(:address_hashes AS text[])) AS row(address_hash)
      JOIN deliveries ON deliveries.address_hash = row.address_hash AND deliveries.created_at > :since
     ORDER BY address_hash, organization_id, category
""")


# Words can come in any order; of two at the same moment the STOP counts.
_SAY: Final = text("""
    INSERT INTO opt_words AS known (address_hash, organization_id, said_at, is_stop)
    VALUES (:address_hash, :organization_id, :at, :is_stop)
    ON CONFLICT ON CONSTRAINT opt_words_key DO UPDATE SET said_at = excluded.said_at, is_stop = excluded.is_stop
     WHERE (excluded.said_at, excluded.is_stop) > (known.said_at, known.is_stop)
    RETURNING is_stop
""")

_ADDED: Final = text("SELECT channel, reason, count(*) FROM suppressions WHERE created_at > :since GROUP BY channel, reason")


class SuppressionReader:
    """What is read of the list."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, suppression_id: UUID, seen_by: UUID | None) -> Suppression | None:
        """One entry that the tenant may see by its id: its own; None sees all."""
        query = select(Suppression).where(Suppression.id == suppression_id)
        if seen_by is not None:
            query = query.where(Suppression.organization_id == seen_by)
        return (await self._session.scalars(query)).one_or_none()

    async def newest(self, wanted: SuppressionFilter, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Suppression]:
        """The newest first. after: (created_at, id) of the last one seen."""
        query = _meant(wanted).order_by(Suppression.created_at.desc(), Suppression.id.desc()).limit(limit)
        if after is not None:
            query = query.where(tuple_(Suppression.created_at, Suppression.id) < tuple_(*after))
        return (await self._session.scalars(query)).all()

    async def added(self, since: datetime) -> dict[tuple[str, str], int]:
        """How many entries of each channel and reason are there that are newer."""
        return {(row[0], row[1]): row[2] for row in await self._session.execute(_ADDED, {"since": since})}

    async def stopping(self, asked: Sequence[Asked], now: datetime) -> Mapping[UUID, Reason]:
        """For each message that may not go out, the gravest reason."""
        bound = {**_columns(Asked, asked), "now": now, "order": [reason.value for reason in Reason]}
        return {row.id: Reason(row.reason) for row in await self._session.execute(_STOPPING, bound)}

    async def wrote_to(self, address_hashes: Sequence[str], since: datetime) -> Mapping[str, Sequence[Wrote]]:
        """For each of these addresses, who has written to it since then, and about what."""
        wrote: dict[str, list[Wrote]] = {}
        for row in await self._session.execute(_WROTE, {"address_hashes": list(address_hashes), "since": since}):
            wrote.setdefault(row.address_hash, []).append(Wrote(row.organization_id, row.category))
        return wrote


class SuppressionRepository(SuppressionReader):
    """What is written to the list."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def add(self, rows: Sequence[SuppressionRow]) -> int:
        """Put addresses on the list and say how many entries are new. One that is there stays, and at most lasts longer."""
        if not rows:
            return 0
        added = await self._writing.execute(_ADD, _columns(SuppressionRow, rows))
        return sum(1 for row in added if row.is_new)

    async def say(self, address_hash: str, organization_id: UUID | None, *, is_stop: bool, at: datetime) -> bool:
        """Remember what a number has said, and say whether that is its last word."""
        bound = {"address_hash": address_hash, "organization_id": organization_id, "is_stop": is_stop, "at": at}
        return (await self._writing.execute(_SAY, bound)).one_or_none() is not None

    async def find_key(self, row: SuppressionRow) -> Suppression:
        """The entry that has the key of this one, which has been added."""
        same = Removal(row.channel, row.address_hash, row.scope, row.reason, row.organization_id, row.category)
        query = select(Suppression).where(
            *(getattr(Suppression, name).is_not_distinct_from(value) for name, value in same._asdict().items())
        )
        return (await self._writing.scalars(query.execution_options(populate_existing=True))).one()

    async def remove(self, ids: Sequence[UUID], *, by: str, why: str, at: datetime) -> int:
        """Take entries off the list, and keep who did. Soft bounces are counted from nothing again."""
        bound = {"ids": list(ids), "by": by, "why": why, "at": at}
        return len((await self._writing.execute(_REMOVE, bound)).all())

    async def remove_matching(self, removals: Sequence[Removal], *, by: str, why: str, at: datetime) -> int:
        """Take the entries with these keys off the list that were there at `at`; those that are not there are no error."""
        if not removals:
            return 0
        bound = {**_columns(Removal, removals), "by": by, "why": why, "at": at}
        return len((await self._writing.execute(_REMOVE_MATCHING, bound)).all())


def _meant(wanted: SuppressionFilter) -> Select[Suppression]:
    query = select(Suppression)
    for name in ("channel", "address_hash", "scope", "reason", "category"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(Suppression, name) == value)
    if wanted.seen_by is None:
        return query
    own = Suppression.organization_id == wanted.seen_by
    return query.where(own if wanted.address_hash is None else or_(own, and_(Suppression.scope == Scope.GLOBAL.value)))


def _columns(of: type[NamedTuple], rows: Sequence[NamedTuple]) -> dict[str, Sequence[Any]]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(of._fields)
    return dict(zip(of._fields, columns, strict=True))
