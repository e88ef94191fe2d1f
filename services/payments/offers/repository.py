"""Making offers, answering them, and ending them."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from services.payments.offers.models import Answerable, EndedOffer, NewOffer, Offer, OfferStatus
from shared.runtime.db import ReadSession, Session

_ADD: Final = text("""
    INSERT INTO match_offers (id, organization_id, order_id, manufacturer_id, run_id, round, currency, total_minor, ready_on,
                              expires_at, token_hash, created_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:order_ids AS uuid[]),
                         CAST(:manufacturer_ids AS uuid[]), CAST(:run_ids AS uuid[]), CAST(:rounds AS integer[]),
                         CAST(:currencies AS text[]), CAST(:totals AS bigint[]), CAST(:ready AS date[]),
                         CAST(:expiries AS timestamptz[]), CAST(:hashes AS bytea[]), CAST(:created AS timestamptz[]))
""")
_ADD_LINES: Final = text("""
    INSERT INTO match_offer_lines (offer_id, order_id, line_number, manufacturer_id, round, capability, quantity,
                                   unit_price_minor)
    SELECT * FROM unnest(CAST(:offer_ids AS uuid[]), CAST(:order_ids AS uuid[]), CAST(:numbers AS integer[]),
                         CAST(:manufacturer_ids AS uuid[]), CAST(:rounds AS integer[]), CAST(:capabilities AS text[]),
                         CAST(:quantities AS integer[]), CAST(:prices AS bigint[]))
""")
_ADD_RESERVATIONS: Final = text("""
    INSERT INTO capacity_reservations (offer_id, line_number, manufacturer_id, capability, starts_on, units)
    SELECT * FROM unnest(CAST(:offer_ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:manufacturer_ids AS uuid[]),
                         CAST(:capabilities AS text[]), CAST(:days AS date[]), CAST(:units AS integer[]))
""")

# Whoever changes an order and what was offered of it locks the order, then its row here, its offers and at last capacity.
_LOCK_ORDER: Final = text("SELECT status FROM orders WHERE id = :order_id FOR NO KEY UPDATE")
_LOCK_MATCH: Final = text("SELECT FROM order_matches WHERE order_id = :order_id FOR NO KEY UPDATE")
_ORDER_OF: Final = text("""
    SELECT order_id FROM match_offers
     WHERE id = :offer_id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")
_LOCK: Final = text("""
    SELECT match_offers.id, order_id, status, expires_at, blocked_at IS NOT NULL AS is_blocked
      FROM match_offers JOIN manufacturers ON manufacturers.id = manufacturer_id
     WHERE match_offers.id = :offer_id FOR NO KEY UPDATE OF match_offers
""")
_ACCEPT: Final = text("""
    UPDATE match_offers SET status = 'accepted', accepted_at = :at, answered_by = :by WHERE id = :offer_id
""")
_END: Final = text("""
    WITH ended AS (
        UPDATE match_offers SET status = :status, ended_at = :at, answered_by = coalesce(:by, answered_by), reason = :reason
         WHERE id = ANY(CAST(:offer_ids AS uuid[])) AND status IN ('open', 'accepted')
        RETURNING id, organization_id, order_id, manufacturer_id, accepted_at IS NOT NULL AS was_accepted
    ), freed AS (
        UPDATE match_offer_lines SET live = false FROM ended WHERE offer_id = ended.id RETURNING organization_id, capability
    ), told AS (
        INSERT INTO matching_changes (organization_id, capability)
        SELECT DISTINCT organization_id, capability FROM freed ORDER BY 1, 2
    )
    SELECT id, organization_id, order_id, manufacturer_id, was_accepted FROM ended ORDER BY id
""")

# Those that nobody has answered in time, and those whose manufacturer nobody may order from any more.
_LAPSED: Final = text("""
    WITH due AS (
        (SELECT id, order_id FROM match_offers WHERE status = 'open' AND expires_at <= :now ORDER BY expires_at, id LIMIT :limit)
        UNION
        (SELECT match_offers.id, order_id FROM match_offers JOIN manufacturers ON manufacturers.id = manufacturer_id
          WHERE status = 'open' AND blocked_at IS NOT NULL LIMIT :limit)
    ), orders_in_hand AS (
        SELECT order_id FROM order_matches WHERE order_id IN (SELECT order_id FROM due)
         ORDER BY order_id FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT match_offers.id, expires_at <= :now AS has_expired
      FROM due JOIN orders_in_hand USING (order_id) JOIN match_offers ON match_offers.id = due.id
     WHERE status = 'open' ORDER BY match_offers.id FOR NO KEY UPDATE OF match_offers
""")
_LIVE_OF_ORDERS: Final = text("""
    SELECT id FROM match_offers
     WHERE order_id = ANY(CAST(:order_ids AS uuid[])) AND status IN ('open', 'accepted') ORDER BY id FOR NO KEY UPDATE
""")
# What was asked for is not what is wanted any more: more or fewer of it, or nothing.
_OUTDATED: Final = text("""
    SELECT match_offers.id FROM match_offers
     WHERE match_offers.order_id = ANY(CAST(:order_ids AS uuid[])) AND status = 'open' AND EXISTS (
           SELECT FROM match_offer_lines AS asked
             LEFT JOIN order_lines ON order_lines.order_id = asked.order_id AND number = line_number
            WHERE offer_id = match_offers.id
              AND asked.quantity IS DISTINCT FROM order_lines.quantity - cancelled_quantity - fulfilled_quantity)
     ORDER BY match_offers.id FOR NO KEY UPDATE OF match_offers
""")


def hash_of(token: str) -> bytes:
    """What is kept of a secret of 256 random bits: nobody can guess it back, so it needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class OfferReader:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        order_id: UUID | None,
        manufacturer_id: UUID | None,
        status: OfferStatus | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Offer]:
        """The newest first, with their lines. order_id, manufacturer_id, status: those alone that have it."""
        wanted = (
            (Offer.organization_id, organization_id),
            (Offer.order_id, order_id),
            (Offer.manufacturer_id, manufacturer_id),
            (Offer.status, status),
        )
        query = select(Offer).options(selectinload(Offer.lines)).order_by(Offer.id.desc()).limit(limit)
        query = query.where(*(column == value for column, value in wanted if value is not None))
        if after is not None:
            query = query.where(Offer.id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, offer_id: UUID, organization_id: UUID | None) -> Offer | None:
        """The offer with its lines, if it is one of the organization."""
        query = select(Offer).where(Offer.id == offer_id).options(selectinload(Offer.lines))
        if organization_id is not None:
            query = query.where(Offer.organization_id == organization_id)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()


class OfferRepository(OfferReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def add(self, offers: Sequence[NewOffer]) -> None:
        """Write offers whose capacity is reserved."""
        if not offers:
            return
        await self._writer.execute(_ADD, _columns(offers))
        await self._writer.execute(_ADD_LINES, _line_columns(offers))
        await self._writer.execute(_ADD_RESERVATIONS, _reservation_columns(offers))

    async def order_of(self, offer_id: UUID, organization_id: UUID | None) -> UUID | None:
        """Which order an offer is about; None for one that is not there, or not the organization's."""
        bound = {"offer_id": offer_id, "organization_id": organization_id}
        found: UUID | None = await self._writer.scalar(_ORDER_OF, bound)
        return found

    async def lock_order(self, order_id: UUID) -> str:
        """The order's status, which stays what it is until the transaction ends."""
        status: str = (await self._writer.execute(_LOCK_ORDER, {"order_id": order_id})).scalar_one()
        await self._writer.execute(_LOCK_MATCH, {"order_id": order_id})
        return status

    async def lock(self, offer_id: UUID) -> Answerable:
        """The offer, for a change of it in this transaction; its order is locked already."""
        return Answerable(**(await self._writer.execute(_LOCK, {"offer_id": offer_id})).mappings().one())

    async def accept(self, offer_id: UUID, *, by: str, at: datetime) -> None:
        """Write that it was accepted."""
        await self._writer.execute(_ACCEPT, {"offer_id": offer_id, "by": by, "at": at})

    async def end(
        self, offer_ids: Iterable[UUID], status: OfferStatus, *, at: datetime, by: str | None = None, reason: str | None = None
    ) -> Sequence[EndedOffer]:
        """Write that those of them that are open or accepted are not any more; returns those."""
        bound = {"offer_ids": list(offer_ids), "status": status, "at": at, "by": by, "reason": reason}
        rows = await self._writer.execute(_END, bound)
        return [EndedOffer(**row) for row in rows.mappings()]

    async def lapsed(self, now: datetime, *, limit: int) -> tuple[Sequence[UUID], Sequence[UUID]]:
        """Open offers to be ended, locked with their orders: whose time is over, and whose manufacturer is blocked."""
        rows = (await self._writer.execute(_LAPSED, {"now": now, "limit": limit})).all()
        return [row.id for row in rows if row.has_expired], [row.id for row in rows if not row.has_expired]

    async def live_of(self, order_ids: Sequence[UUID]) -> Sequence[UUID]:
        """The offers of these orders that are open or accepted, locked."""
        return list(await self._writer.scalars(_LIVE_OF_ORDERS, {"order_ids": list(order_ids)}))

    async def outdated_of(self, order_ids: Sequence[UUID]) -> Sequence[UUID]:
        """The open offers of these orders that ask for something else than is wanted now, locked."""
        return list(await self._writer.scalars(_OUTDATED, {"order_ids": list(order_ids)}))


def _columns(offers: Sequence[NewOffer]) -> dict[str, list[Any]]:
    return {
        "ids": [one.id for one in offers],
        "organization_ids": [one.organization_id for one in offers],
        "order_ids": [one.order_id for one in offers],
        "manufacturer_ids": [one.manufacturer_id for one in offers],
        "run_ids": [one.run_id for one in offers],
        "rounds": [one.round for one in offers],
        "currencies": [one.currency for one in offers],
        "totals": [one.total_minor for one in offers],
        "ready": [one.ready_on for one in offers],
        "expiries": [one.expires_at for one in offers],
        "hashes": [hash_of(one.token) for one in offers],
        "created": [one.created_at for one in offers],
    }


def _line_columns(offers: Sequence[NewOffer]) -> dict[str, list[Any]]:
    pairs = [(offer, line) for offer in offers for line in offer.lines]
    return {
        "offer_ids": [offer.id for offer, _ in pairs],
        "order_ids": [offer.order_id for offer, _ in pairs],
        "numbers": [line.line_number for _, line in pairs],
        "manufacturer_ids": [offer.manufacturer_id for offer, _ in pairs],
        "rounds": [offer.round for offer, _ in pairs],
        "capabilities": [line.capability for _, line in pairs],
        "quantities": [line.quantity for _, line in pairs],
        "prices": [line.unit_price_minor for _, line in pairs],
    }


def _reservation_columns(offers: Sequence[NewOffer]) -> dict[str, list[Any]]:
    taken = [(offer, line, day, units) for offer in offers for line in offer.lines for day, units in line.taken]
    return {
        "offer_ids": [offer.id for offer, _, _, _ in taken],
        "numbers": [line.line_number for _, line, _, _ in taken],
        "manufacturer_ids": [offer.manufacturer_id for offer, _, _, _ in taken],
        "capabilities": [line.capability for _, line, _, _ in taken],
        "days": [day for _, _, day, _ in taken],
        "units": [units for _, _, _, units in taken],
    }
