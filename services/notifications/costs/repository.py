"""Statements on what attempts have cost. Triggers add to the figures of campaigns; see migration 0023."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.notifications.sms.price_models import Price
from shared.runtime.db import Session

ASKED: Final = ("twilio",)
"""The kinds of providers that tell prices where they are asked; others tell them in their reports, or never."""


class Expected(NamedTuple):
    """An attempt that an SMS provider has taken. estimate: what it should cost, where that is known."""

    delivery_id: UUID
    number: int
    estimate: Decimal | None
    currency: str | None

    @classmethod
    def of(cls, delivery_id: UUID, number: int, estimate: Price | None) -> "Expected":
        """The same of a price."""
        known = (estimate.amount, estimate.currency) if estimate is not None else (None, None)
        return cls(delivery_id, number, *known)


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider has told of an attempt.

    provider: the account that tells. message_id: how it calls the message. number: of the attempt, for one whose message id is
    not recorded yet.
    """

    delivery_id: UUID
    provider: str
    message_id: str | None
    price: Price
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """An attempt whose provider is to be asked. account_id: of the organization's own account; None for one of the installation.
    sent_at: when its call began. reported_at: when it was reported on."""

    delivery_id: UUID
    number: int
    provider: str
    message_id: str
    account_id: UUID | None
    sent_at: datetime
    reported_at: datetime


_EXPECT: Final = text("""
    INSERT INTO attempt_costs AS known (delivery_id, number, estimate, estimate_currency, ask_at)
    SELECT row.delivery_id, row.number, row.estimate, row.currency,
           CASE WHEN coalesce(own.kind, attempt.provider) = ANY(CAST(:asked AS text[])) AND provider_message_id IS NOT NULL
                THEN CAST(:ask_at AS timestamptz) END
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:number AS int[]), CAST(:estimate AS numeric[]), CAST(:currency AS text[]))
           AS row(delivery_id, number, estimate, currency)
      JOIN delivery_attempts AS attempt ON attempt.delivery_id = row.delivery_id AND attempt.number = row.number
      JOIN deliveries ON deliveries.id = row.delivery_id
      LEFT JOIN provider_accounts AS own
        ON own.organization_id = deliveries.organization_id AND own.name = attempt.provider
     ORDER BY row.delivery_id, row.number
    ON CONFLICT (delivery_id, number) DO UPDATE
       SET estimate = excluded.estimate, estimate_currency = excluded.estimate_currency
     WHERE known.estimate IS NULL AND excluded.estimate IS NOT NULL
""")

# A price is never undone: of several the highest counts, in whatever order they come, and another currency is a mistake.
_TELL: Final = text("""
    INSERT INTO attempt_costs AS known (delivery_id, number, price, price_currency)
    SELECT DISTINCT ON (attempt.delivery_id, attempt.number) attempt.delivery_id, attempt.number, row.price, row.currency
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:provider AS text[]), CAST(:message_id AS text[]), CAST(:number AS int[]),
                  CAST(:price AS numeric[]), CAST(:currency AS text[]))
           AS row(delivery_id, provider, message_id, number, price, currency)
      JOIN delivery_attempts AS attempt ON attempt.delivery_id = row.delivery_id AND attempt.provider = row.provider
       AND (attempt.provider_message_id = row.message_id
            OR attempt.provider_message_id IS NULL AND attempt.number = row.number)
     ORDER BY attempt.delivery_id, attempt.number, row.price DESC, row.currency
    ON CONFLICT (delivery_id, number) DO UPDATE
       SET price = excluded.price, price_currency = excluded.price_currency, ask_at = NULL
     WHERE known.price IS NULL OR (known.price_currency = excluded.price_currency AND known.price < excluded.price)
""")

# Whoever is asked now is asked again after the next of the waits, and no more after the last.
_TAKE_DUE: Final = text("""
    WITH due AS MATERIALIZED (
        SELECT cost.delivery_id, cost.number, attempt.provider, attempt.provider_message_id AS message_id, own.id AS account_id,
               attempt.started_at AS sent_at, deliveries.receipt_at AS reported_at
          FROM attempt_costs AS cost
          JOIN delivery_attempts AS attempt ON attempt.delivery_id = cost.delivery_id AND attempt.number = cost.number
          JOIN deliveries ON deliveries.id = cost.delivery_id
          LEFT JOIN provider_accounts AS own
            ON own.organization_id = deliveries.organization_id AND own.name = attempt.provider
         WHERE cost.ask_at <= :now AND cost.asks >= :asks_from AND cost.asks < :asks_below
           AND deliveries.receipt NOT IN ('processed', 'deferred')
         ORDER BY cost.ask_at, cost.delivery_id LIMIT :limit FOR UPDATE OF cost SKIP LOCKED
    ), asked AS (
        UPDATE attempt_costs AS cost
           SET asks = asks + 1, ask_at = CAST(:now AS timestamptz) + (CAST(:waits AS interval[]))[asks + 1]
          FROM due WHERE cost.delivery_id = due.delivery_id AND cost.number = due.number
    )
    SELECT * FROM due ORDER BY reported_at, delivery_id
""")


class CostRepository:
    """Writes what attempts cost, in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def expect(self, expected: Sequence[Expected], ask_at: datetime) -> None:
        """Keep what attempts should cost. ask_at: when those providers are first asked that tell nothing by themselves."""
        columns: dict[str, Any] = {
            name: list(column) for name, column in zip(Expected._fields, zip(*expected, strict=True), strict=True)
        }
        await self._session.execute(_EXPECT, {**columns, "asked": list(ASKED), "ask_at": ask_at})

    async def tell(self, told: Sequence[Told]) -> None:
        """Keep what providers have told of attempts that they have taken; of others nothing is kept. Again changes nothing."""
        if not told:
            return
        columns: dict[str, Any] = {name: [getattr(one, name) for one in told] for name in ("delivery_id", "provider")}
        columns |= {"message_id": [one.message_id for one in told], "number": [one.number for one in told]}
        columns |= {"price": [one.price.amount for one in told], "currency": [one.price.currency for one in told]}
        await self._session.execute(_TELL, columns)

    async def take_due(self, now: datetime, asks: range, waits: Iterable[timedelta], limit: int) -> list[Unpriced]:
        """Attempts that have ended and whose price nobody has told, by when they were reported on. They count as asked for now.

        asks: how often they may have been asked for before. waits: until the next time, by how often that was.
        """
        bound = {"now": now, "asks_from": asks.start, "asks_below": asks.stop, "waits": list(waits), "limit": limit}
        return [Unpriced(*row) for row in await self._session.execute(_TAKE_DUE, bound)]
