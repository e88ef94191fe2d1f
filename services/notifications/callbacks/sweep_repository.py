"""Statements of the sweeps: what was read of providers' lists, and of which deliveries no report tells how they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class Silent:
    """A delivery of which its provider has not reported how it ended. address: None where it was erased. account_id: of the
    organization's own account that took it; None for one of the installation. receipt: what was reported on the way."""

    id: UUID
    provider: str
    message_id: str
    address: str | None
    account_id: UUID | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """A delivery of which nobody will report any more how it ended. provider: the account that took it."""

    id: UUID
    provider: str


_MARKS: Final = text("SELECT provider, read_until FROM bounce_list_marks")

_MOVE_MARK: Final = text("""
    INSERT INTO bounce_list_marks AS known (provider, read_until)
    SELECT provider, :read_until FROM unnest(CAST(:providers AS text[])) AS row(provider) ORDER BY provider
    ON CONFLICT (provider) DO UPDATE SET read_until = greatest(known.read_until, excluded.read_until)
""")

# Asked once in a while each, those never asked in front.
_SILENT: Final = text("""
    SELECT deliveries.id, deliveries.provider, attempt.provider_message_id AS message_id, deliveries.to_address AS address,
           own.id AS account_id, deliveries.receipt
      FROM deliveries
      LEFT JOIN provider_accounts AS own
        ON own.organization_id = deliveries.organization_id AND own.name = deliveries.provider
      JOIN LATERAL (SELECT provider_message_id FROM delivery_attempts
                     WHERE delivery_id = deliveries.id AND outcome = 'accepted' AND provider_message_id IS NOT NULL
                     ORDER BY number DESC LIMIT 1) AS attempt ON true
      LEFT JOIN delivery_inquiries AS inquiry ON inquiry.delivery_id = deliveries.id
     WHERE deliveries.awaited_since BETWEEN :sent_after AND :sent_before
       AND (own.kind = ANY(CAST(:kinds AS text[])) OR own.id IS NULL AND deliveries.provider = ANY(CAST(:providers AS text[])))
       AND (inquiry.asked_at IS NULL OR inquiry.asked_at < :asked_before)
     ORDER BY inquiry.asked_at NULLS FIRST, deliveries.awaited_since, deliveries.id
     LIMIT :limit
""")

_OVERDUE: Final = text("""
    SELECT deliveries.id, deliveries.provider
      FROM deliveries
     WHERE deliveries.awaited_since < :sent_before
     ORDER BY deliveries.awaited_since, deliveries.id
     LIMIT :limit
""")

_ASKED: Final = text("""
    INSERT INTO delivery_inquiries AS known (delivery_id, asked_at)
    SELECT row.id, :now FROM unnest(CAST(:ids AS uuid[])) AS row(id) JOIN deliveries ON deliveries.id = row.id ORDER BY row.id
    ON CONFLICT (delivery_id) DO UPDATE SET asked_at = excluded.asked_at
""")

_FORGET_INQUIRIES: Final = text("""
    DELETE FROM delivery_inquiries WHERE delivery_id = ANY(ARRAY(
        SELECT delivery_id FROM delivery_inquiries WHERE asked_at < :before LIMIT 5000))
""")


class SweepRepository:
    """What the sweeps read and write."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def marks(self) -> Mapping[str, datetime]:
        """Up to which moment each provider's list has been read."""
        return {row.provider: row.read_until for row in await self._session.execute(_MARKS)}

    async def move_marks(self, providers: Sequence[str], read_until: datetime) -> None:
        """The lists of these providers have been read up to this moment; a mark never goes back."""
        await self._session.execute(_MOVE_MARK, {"providers": list(providers), "read_until": read_until})

    async def silent(
        self,
        providers: Sequence[str],
        kinds: Sequence[str],
        *,
        sent_after: datetime,
        sent_before: datetime,
        asked_before: datetime,
        limit: int,
    ) -> list[Silent]:
        """Deliveries that these providers, or organizations' own accounts of these kinds, took in that time, have not reported
        the end of, and were not asked for since."""
        bound = {"sent_after": sent_after, "sent_before": sent_before, "asked_before": asked_before, "limit": limit}
        found = await self._session.execute(_SILENT, {"providers": list(providers), "kinds": list(kinds), **bound})
        return [Silent(*row) for row in found]

    async def overdue(self, *, sent_before: datetime, limit: int) -> list[Overdue]:
        """Deliveries that were taken before that moment and of which it is awaited how they ended."""
        bound = {"sent_before": sent_before, "limit": limit}
        return [Overdue(*row) for row in await self._session.execute(_OVERDUE, bound)]

    async def asked(self, ids: Sequence[UUID], now: datetime) -> None:
        """These deliveries have been asked for."""
        await self._session.execute(_ASKED, {"ids": list(ids), "now": now})

    async def forget_inquiries(self, before: datetime) -> None:
        """Forget when deliveries were asked for whose time has passed."""
        await self._session.execute(_FORGET_INQUIRIES, {"before": before})
