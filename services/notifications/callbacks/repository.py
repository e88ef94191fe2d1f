"""Statements on what providers have reported, and on the deliveries that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session


@dataclass(frozen=True, slots=True)
class ProviderEventRow:
    """An event as it is stored. payload: sealed; see payloads.py. account_id: of the organization's own account that has told it;
    None for an account of the installation."""

    id: UUID
    provider: str
    event_id: str
    received_at: datetime
    key_id: str | None
    payload: bytes
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an event: applied, unmatched or ignored, or waiting for its delivery. delivery_id: what it was about.
    teaches: `word` or `recipient`, where something was learned from it. Of one without a delivery, message_id: the provider's;
    named: the hashes of whom it names, with a space between them."""

    id: UUID
    state: str
    delivery_id: UUID | None = None
    teaches: str | None = None
    message_id: str | None = None
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """A delivery that a report is about. address: None where it was erased. is_marketing: what its category counts as. status:
    where the sending of it stands. is_by_own_account: whether it went by an account of its organization's own. person: whom it
    was written to; None where that was an address alone."""

    id: UUID
    channel: str
    address: str | None
    address_hash: str | None
    organization_id: UUID | None
    category: str
    subject_key: str | None
    is_marketing: bool
    status: str
    is_by_own_account: bool
    person: str | None


_ADD: Final = text("""
    INSERT INTO provider_events (id, provider, event_id, received_at, key_id, payload, account_id)
    SELECT id, provider, event_id, received_at, key_id, payload, account_id
      FROM unnest(CAST(:id AS uuid[]), CAST(:provider AS text[]), CAST(:event_id AS text[]), CAST(:received_at AS timestamptz[]),
                  CAST(:key_id AS text[]), CAST(:payload AS bytea[]), CAST(:account_id AS uuid[]))
           AS row(id, provider, event_id, received_at, key_id, payload, account_id)
     ORDER BY provider, account_id, event_id
    ON CONFLICT (provider, account_id, event_id) DO NOTHING
    RETURNING id
""")

_WAITING: Final = text("""
    SELECT id, provider, event_id, received_at, key_id, payload, account_id
      FROM provider_events WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'waiting' ORDER BY id FOR UPDATE
""")

# What is told of somebody who was erased stands in the delivery's timeline; how it came names the address once more.
_SETTLE: Final = text("""
    UPDATE provider_events
       SET state = row.state, settled_at = CASE WHEN row.state <> 'waiting' THEN CAST(:now AS timestamptz) END,
           delivery_id = row.delivery_id, teaches = row.teaches, message_id = row.message_id,
           address_hashes = string_to_array(row.named, ' '),
           payload = CASE WHEN row.state <> 'waiting' AND EXISTS (
                               SELECT FROM deliveries WHERE deliveries.id = row.delivery_id AND to_address IS NULL)
                          THEN ''::bytea ELSE payload END
      FROM unnest(CAST(:id AS uuid[]), CAST(:state AS text[]), CAST(:delivery_id AS uuid[]), CAST(:teaches AS text[]),
                  CAST(:message_id AS text[]), CAST(:named AS text[]))
           AS row(id, state, delivery_id, teaches, message_id, named)
     WHERE provider_events.id = row.id
""")

_WAITING_SINCE: Final = text("SELECT min(received_at) FROM provider_events WHERE state = 'waiting'")

_LEFT_BEHIND: Final = text("""
    SELECT id FROM provider_events WHERE state = 'waiting' AND received_at < :before ORDER BY received_at, id LIMIT :limit
""")

# What names nothing but the provider's id can be far ahead of our record of that id.
_REOPEN: Final = text("""
    UPDATE provider_events SET state = 'waiting', settled_at = NULL
     WHERE id = ANY(ARRAY(
           SELECT event.id FROM provider_events AS event
            WHERE event.state = 'unmatched' AND event.message_id IS NOT NULL AND event.received_at > :since
              AND event.payload <> ''::bytea
              AND EXISTS (SELECT FROM delivery_attempts WHERE provider_message_id = event.message_id)
            ORDER BY event.received_at, event.id LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id
""")

# An account that is gone by now was an organization's own if none of the installation has its name.
_REPORTED: Final = """
    deliveries.id, deliveries.channel, to_address AS address, address_hash, deliveries.organization_id, category, subject_key,
    law.counts_as_marketing AS is_marketing,
    deliveries.status,
    coalesce(deliveries.provider NOT IN ('smtp', 'sendgrid', 'ses', 'twilio', 'msg91'), false)
        OR EXISTS (SELECT FROM provider_accounts AS own
                    WHERE (own.organization_id, own.name) = (deliveries.organization_id, deliveries.provider))
        AS is_by_own_account,
    deliveries.to_person AS person
"""

_BY_ID: Final = text(f"""
    SELECT {_REPORTED} FROM deliveries CROSS JOIN LATERAL law_of(deliveries.organization_id, category) AS law
     WHERE id = ANY(CAST(:ids AS uuid[]))
""")  # noqa: S608 - put together from constants of this module; values are bound

_BY_MESSAGE: Final = text(f"""
    SELECT DISTINCT delivery_attempts.provider_message_id AS message_id, {_REPORTED}
      FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
     CROSS JOIN LATERAL law_of(deliveries.organization_id, category) AS law
     WHERE delivery_attempts.provider_message_id = ANY(CAST(:message_ids AS text[]))
     ORDER BY message_id, id
""")  # noqa: S608 - as above


class ProviderEventReader:
    """What is read of events without touching them."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def waiting_since(self) -> datetime | None:
        """When the oldest came that is not applied; None where all are."""
        found: datetime | None = (await self._session.execute(_WAITING_SINCE)).scalar_one()
        return found


class ProviderEventRepository(ProviderEventReader):
    """What is read and written of events."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session: Session = session

    async def add(self, rows: Sequence[ProviderEventRow]) -> list[UUID]:
        """Store events, and return the ids of those that were not there, in order."""
        columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(ProviderEventRow)}
        return sorted(await self._session.scalars(_ADD, columns))

    async def locked_waiting(self, ids: Sequence[UUID]) -> list[ProviderEventRow]:
        """Those of the events that have not been settled, held until the unit of work ends."""
        found = await self._session.execute(_WAITING, {"ids": sorted(set(ids))})
        return [ProviderEventRow(*row) for row in found]

    async def settle(self, settled: Sequence[Settled], now: datetime) -> None:
        """Write what became of events."""
        if settled:
            columns: dict[str, Any] = {field.name: [getattr(row, field.name) for row in settled] for field in fields(Settled)}
            await self._session.execute(_SETTLE, {**columns, "now": now})

    async def left_behind(self, before: datetime, limit: int) -> list[UUID]:
        """Events that came before that moment and still wait, the oldest first."""
        return list(await self._session.scalars(_LEFT_BEHIND, {"before": before, "limit": limit}))

    async def reopen(self, since: datetime, limit: int) -> list[UUID]:
        """Let events wait again that came since then and found no message, where there is one by now."""
        return sorted(await self._session.scalars(_REOPEN, {"since": since, "limit": limit}))

    async def deliveries(self, ids: Sequence[UUID]) -> Mapping[UUID, Reported]:
        """Those of the deliveries that there are."""
        found = await self._session.execute(_BY_ID, {"ids": sorted(set(ids))}) if ids else ()
        return {row.id: Reported(*row) for row in found}

    async def deliveries_of_messages(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[Reported]]:
        """For each of a provider's message ids that we know, the deliveries that were handed over under it."""
        by_message: dict[str, list[Reported]] = {}
        found = await self._session.execute(_BY_MESSAGE, {"message_ids": sorted(set(message_ids))}) if message_ids else ()
        for row in found:
            by_message.setdefault(row.message_id, []).append(Reported(*row[1:]))
        return by_message
