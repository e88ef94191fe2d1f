"""Statements on cancellations: what was asked for about a subject up to a moment is not to be sent any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session

KEPT_DAYS: Final = 30
"""As long as the inbox remembers a message; what is tried longer than that does not exist."""


class Asked(NamedTuple):
    """A message that asks for a delivery, as far as a cancellation concerns it. asked_at: when it was published."""

    id: UUID
    organization_id: UUID | None
    subject_key: str | None
    asked_at: datetime


class Cancellation(NamedTuple):
    """organization_id: whose messages alone; None for everybody's."""

    subject_key: str
    organization_id: UUID | None
    cancelled_at: datetime
    reason: str
    cancelled_by: str


@dataclass(frozen=True, slots=True)
class Covering:
    """The newest cancellation that covers a message."""

    subject_key: str
    cancelled_at: datetime
    reason: str
    cancelled_by: str


_REMEMBER: Final = text("""
    INSERT INTO cancellations AS known (subject_key, organization_id, cancelled_at, reason, cancelled_by)
    SELECT DISTINCT ON (subject_key, organization_id) subject_key, organization_id, cancelled_at, reason, cancelled_by
      FROM unnest(CAST(:subject_key AS text[]), CAST(:organization_id AS uuid[]), CAST(:cancelled_at AS timestamptz[]),
                  CAST(:reason AS text[]), CAST(:cancelled_by AS text[]))
           AS row(subject_key, organization_id, cancelled_at, reason, cancelled_by)
     ORDER BY subject_key, organization_id, cancelled_at DESC
    ON CONFLICT (subject_key, organization_id) DO UPDATE SET
           cancelled_at = excluded.cancelled_at, reason = excluded.reason, cancelled_by = excluded.cancelled_by
     WHERE known.cancelled_at < excluded.cancelled_at
""")

# Every delivery also answers to a key of its own, by which it alone is cancelled.
_COVERING: Final = text("""
    SELECT DISTINCT ON (asked.id) asked.id, known.subject_key, known.cancelled_at, known.reason, known.cancelled_by
      FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:subject_key AS text[]),
                  CAST(:asked_at AS timestamptz[])) AS asked(id, organization_id, subject_key, asked_at)
      LEFT JOIN deliveries ON deliveries.id = asked.id
      JOIN cancellations AS known
        ON known.subject_key = ANY(ARRAY[asked.subject_key, 'notifications.delivery:' || asked.id])
       AND (known.organization_id IS NULL OR known.organization_id = asked.organization_id)
       -- A message that a notice has become was asked for when the notice was.
       AND known.cancelled_at >= least(asked.asked_at, deliveries.asked_at)
     ORDER BY asked.id, known.cancelled_at DESC
""")

_FORGET_OLD: Final = text("""
    DELETE FROM cancellations WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM cancellations WHERE cancelled_at < now() - make_interval(days => :days)
         ORDER BY cancelled_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
""")

_MOMENT: Final = text("SELECT now()")
_THIS_MOMENT: Final = text("SELECT clock_timestamp()")


def key_of(delivery_id: UUID) -> str:
    """The subject key to which one delivery alone answers."""
    return f"notifications.delivery:{delivery_id}"


class CancellationReader:
    """What is read of cancellations."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def covering(self, asked: Sequence[Asked]) -> Mapping[UUID, Covering]:
        """For each message that was asked for before its subject was cancelled, the newest such word."""
        found = await self._session.execute(_COVERING, _columns(Asked, asked))
        return {row.id: Covering(row.subject_key, row.cancelled_at, row.reason, row.cancelled_by) for row in found}


class CancellationRepository(CancellationReader):
    """What is written of cancellations."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def moment(self) -> datetime:
        """The database's time, by which messages are published, too; another clock could miss one that was before it."""
        found: datetime = (await self._writing.execute(_MOMENT)).scalar_one()
        return found

    async def this_moment(self) -> datetime:
        """The same time as it is now, and not as it was when the transaction began."""
        found: datetime = (await self._writing.execute(_THIS_MOMENT)).scalar_one()
        return found

    async def remember(self, cancellations: Sequence[Cancellation]) -> None:
        """Of several words on one subject the newest counts, whenever they arrive."""
        await self._writing.execute(_REMEMBER, _columns(Cancellation, cancellations))

    async def forget_old(self) -> None:
        """Forget words that no message can be waiting for any more."""
        await self._writing.execute(_FORGET_OLD, {"days": KEPT_DAYS})


def _columns(of: type[NamedTuple], rows: Sequence[NamedTuple]) -> dict[str, Sequence[Any]]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(of._fields)
    return dict(zip(of._fields, columns, strict=True))
