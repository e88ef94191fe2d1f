"""Orders that wait for manufacturers: finding them, taking them up, and writing where they stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.matching.models import WaitingOrder
from services.payments.matching.pool_models import Demand, DemandLine, Place
from shared.runtime.db import ReadSession, Session

# What is left to be made of a line.
_WANTED: Final = "order_lines.quantity - order_lines.cancelled_quantity - order_lines.fulfilled_quantity"
_MATCHES_FROM: Final = """
    SELECT DISTINCT ON (organization_id) organization_id, matches_from FROM matching_policies
     ORDER BY organization_id, number DESC"""

# Orders are never counted twice: each has one row here, from the first look on.
_ENROL: Final = text(f"""
    WITH early AS MATERIALIZED (
        SELECT organization_id FROM ({_MATCHES_FROM}) AS newest WHERE matches_from = 'placed'
    ), found AS (
        (SELECT id, organization_id, version FROM orders
          WHERE status = 'paid' AND NOT EXISTS (SELECT FROM order_matches WHERE order_id = orders.id)
            AND coalesce(id = CAST(:order_id AS uuid), true)
          ORDER BY id LIMIT :limit)
        UNION
        (SELECT orders.id, organization_id, version FROM orders JOIN early USING (organization_id)
          WHERE status IN ('placed', 'partially_paid')
            AND NOT EXISTS (SELECT FROM order_matches WHERE order_id = orders.id)
            AND coalesce(orders.id = CAST(:order_id AS uuid), true)
          ORDER BY orders.id LIMIT :limit)
    ), enrolled AS (
        INSERT INTO order_matches (order_id, organization_id, order_version, state, capabilities, waiting_since)
        SELECT id, organization_id, version, CASE WHEN needed.capabilities IS NULL THEN 'not_needed' ELSE 'waiting' END,
               coalesce(needed.capabilities, '{{}}'), :now
          FROM found LEFT JOIN LATERAL (
               SELECT array_agg(DISTINCT capability ORDER BY capability) AS capabilities FROM order_lines
                WHERE order_id = found.id AND capability IS NOT NULL AND {_WANTED} > 0) AS needed ON true
         ORDER BY id
        ON CONFLICT (order_id) DO NOTHING RETURNING 1
    )
    SELECT count(*) FROM enrolled
""")  # noqa: S608 - put together from constants of this module; values are bound

# One organization at a time: its lock is held until the transaction ends, and who holds two could wait in a circle.
_NEXT_ORGANIZATION: Final = text("""
    SELECT organization_id FROM (
        (SELECT organization_id, waiting_since FROM order_matches
          WHERE state = 'waiting' AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
          ORDER BY waiting_since, order_id LIMIT 1)
        UNION ALL
        (SELECT organization_id, NULL FROM matching_changes
          WHERE coalesce(organization_id = CAST(:organization_id AS uuid), true) ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT organization_id, NULL FROM order_matches
          WHERE state = 'unmatched' AND retry_at <= :now AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
          ORDER BY organization_id LIMIT 1)
    ) AS next_ones ORDER BY waiting_since NULLS LAST LIMIT 1
""")
_ORGANIZATION_OF: Final = text("""
    SELECT organization_id FROM orders
     WHERE id = :order_id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")
_LOCK_ORGANIZATION: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('matching ' || :organization_id, 0))")
_WAKE: Final = text("""
    WITH changes AS (
        DELETE FROM matching_changes WHERE organization_id = :organization_id RETURNING capability
    ), due AS (
        SELECT order_id FROM order_matches
         WHERE organization_id = :organization_id AND state = 'unmatched'
           AND (retry_at <= :now OR EXISTS (
                SELECT FROM changes WHERE changes.capability IS NULL OR changes.capability = ANY(order_matches.capabilities)))
         ORDER BY order_id FOR UPDATE
    )
    UPDATE order_matches SET state = 'waiting', updated_at = :now FROM due WHERE order_matches.order_id = due.order_id
""")
_CLAIM: Final = text("""
    SELECT order_id FROM order_matches WHERE organization_id = :organization_id AND state = 'waiting'
     ORDER BY waiting_since, order_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_CLAIM_ONE: Final = text("""
    SELECT order_id FROM order_matches
     WHERE order_id = :order_id AND state IN ('waiting', 'unmatched') FOR UPDATE
""")
_FACTS: Final = text(f"""
    SELECT orders.id AS order_id, orders.number AS order_number, round, currency, due_on,
           CASE WHEN delivery ->> 'state_code' ~ '^[0-9]{{2}}$' THEN delivery ->> 'state_code' END AS state_code,
           CASE WHEN jsonb_typeof(delivery -> 'latitude') = 'number' THEN CAST(delivery ->> 'latitude' AS float8) END AS latitude,
           CASE WHEN jsonb_typeof(delivery -> 'longitude') = 'number' THEN CAST(delivery ->> 'longitude' AS float8) END
           AS longitude,
           status NOT IN ('draft', 'cancelled', 'fulfilled') AS wants,
           order_lines.number, capability, name, {_WANTED} AS wanted
      FROM orders LEFT JOIN order_matches ON order_id = orders.id
      LEFT JOIN order_lines ON order_lines.order_id = orders.id AND capability IS NOT NULL AND {_WANTED} > 0
     WHERE orders.id = ANY(CAST(:order_ids AS uuid[]))
     ORDER BY orders.id, order_lines.number
""")  # noqa: S608 - as above
_ASKED: Final = text("""
    SELECT match_offer_lines.order_id, line_number, match_offer_lines.manufacturer_id, live, status
      FROM match_offer_lines JOIN match_offers ON match_offers.id = offer_id
     WHERE match_offer_lines.order_id = ANY(CAST(:order_ids AS uuid[])) AND (live OR status IN ('declined', 'expired'))
""")
_SETTLE: Final = text("""
    UPDATE order_matches SET state = row.state, round = round + row.rounds, tried_at = :now, updated_at = :now,
           reason_code = row.reason_code, reason = row.reason, retry_at = row.retry_at
      FROM unnest(CAST(:order_ids AS uuid[]), CAST(:states AS text[]), CAST(:rounds AS integer[]), CAST(:codes AS text[]),
                  CAST(:reasons AS text[]), CAST(:retries AS timestamptz[]))
           AS row(order_id, state, rounds, reason_code, reason, retry_at)
     WHERE order_matches.order_id = row.order_id
""")
# What is left to be made of an order, and in whose hands it is, says where the order stands.
_SETTLE_BY_OFFERS: Final = text(f"""
    WITH standing AS (
        SELECT order_lines.order_id, bool_and(offer_id IS NOT NULL) AS is_offered,
               bool_and(coalesce(match_offers.status = 'accepted', false)) AS is_accepted
          FROM order_lines
          LEFT JOIN match_offer_lines
                 ON match_offer_lines.order_id = order_lines.order_id AND line_number = number AND live
          LEFT JOIN match_offers ON match_offers.id = offer_id
         WHERE order_lines.order_id = ANY(CAST(:order_ids AS uuid[])) AND order_lines.capability IS NOT NULL AND {_WANTED} > 0
         GROUP BY order_lines.order_id
    )
    UPDATE order_matches
       SET state = CASE WHEN is_accepted THEN 'assigned' WHEN is_offered THEN 'offered' ELSE 'waiting' END,
           waiting_since = CASE WHEN state = 'assigned' AND NOT is_accepted THEN :now ELSE waiting_since END,
           alerted_at = CASE WHEN NOT is_accepted THEN alerted_at END, updated_at = :now
      FROM standing
     WHERE order_matches.order_id = standing.order_id AND state NOT IN ('withdrawn', 'done')
    RETURNING order_matches.order_id, state
""")  # noqa: S608 - as above
# Orders that somebody has changed since they were looked at. Those that others hold are looked at the next time.
_CHANGED: Final = text("""
    WITH changed AS (
        SELECT order_id, status, version FROM order_matches JOIN orders ON orders.id = order_id
         WHERE state IN ('waiting', 'unmatched', 'offered', 'assigned', 'not_needed') AND orders.version <> order_version
         ORDER BY order_id LIMIT :limit FOR NO KEY UPDATE OF order_matches SKIP LOCKED
    )
    UPDATE order_matches
       SET order_version = changed.version, updated_at = :now,
           state = CASE status WHEN 'cancelled' THEN 'withdrawn' WHEN 'fulfilled' THEN 'done' ELSE state END
      FROM changed WHERE order_matches.order_id = changed.order_id
    RETURNING order_matches.order_id, state
""")


@dataclass(frozen=True, slots=True)
class Settled:
    """Where an order stands after a run. rounds: 1 where offers were made. retry_at: of an unmatched one."""

    order_id: UUID
    state: str
    rounds: int = 0
    reason_code: str | None = None
    reason: str | None = None
    retry_at: datetime | None = None


@dataclass(slots=True)
class _Asked:
    """Who was asked for the lines of an order. live: lines that somebody has."""

    live: set[int] = field(default_factory=set)
    partners: set[UUID] = field(default_factory=set)
    before: dict[int, set[UUID]] = field(default_factory=lambda: defaultdict(set))


class DemandReader:
    """Reads what orders need."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def organization_of(self, order_id: UUID, organization_id: UUID | None) -> UUID | None:
        """Whose order it is; None for one that is not there, or not the organization's."""
        bound = {"order_id": order_id, "organization_id": organization_id}
        found: UUID | None = await self._session.scalar(_ORGANIZATION_OF, bound)
        return found

    async def of_orders(self, order_ids: Sequence[UUID], *, whole: bool = False) -> Sequence[WaitingOrder]:
        """What these orders need, in their order.

        whole: as though nobody had been asked for anything; otherwise lines that are in hands are left out.
        """
        asked = {} if whole else await self._asked(order_ids)
        rows = await self._session.execute(_FACTS, {"order_ids": list(order_ids)})
        by_order: dict[UUID, list[Any]] = defaultdict(list)
        for row in rows:
            by_order[row.order_id].append(row)
        return [_waiting(by_order[key], asked.get(key, _Asked())) for key in order_ids if key in by_order]

    async def _asked(self, order_ids: Sequence[UUID]) -> Mapping[UUID, _Asked]:
        found: dict[UUID, _Asked] = defaultdict(_Asked)
        for row in await self._session.execute(_ASKED, {"order_ids": list(order_ids)}):
            if row.live:
                found[row.order_id].live.add(row.line_number)
                found[row.order_id].partners.add(row.manufacturer_id)
            else:
                found[row.order_id].before[row.line_number].add(row.manufacturer_id)
        return found


class DemandRepository(DemandReader):
    """Takes orders up and writes where they stand."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def enrol(self, now: datetime, *, limit: int, order_id: UUID | None = None) -> int:
        """Take in the orders that may be made now and are not known yet, `limit` at most of each kind; returns how many."""
        found: int = (await self._writer.execute(_ENROL, {"now": now, "limit": limit, "order_id": order_id})).scalar_one()
        return found

    async def next_organization(self, organization_id: UUID | None, now: datetime) -> UUID | None:
        """Whose order waits longest; else, for whose unmatched orders something may have changed. None when there is nobody."""
        bound = {"organization_id": organization_id, "now": now}
        found: UUID | None = await self._writer.scalar(_NEXT_ORGANIZATION, bound)
        return found

    async def lock_organization(self, organization_id: UUID) -> None:
        """Match an organization's orders alone until the transaction ends, so that nothing is planned on capacity that another
        run is about to take."""
        await self._writer.execute(_LOCK_ORGANIZATION, {"organization_id": str(organization_id)})

    async def wake(self, organization_id: UUID, now: datetime) -> None:
        """Let unmatched orders wait again whose time has come, or for which something has changed."""
        await self._writer.execute(_WAKE, {"organization_id": organization_id, "now": now})

    async def claim(self, organization_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Take up the orders that have waited longest."""
        rows = await self._writer.scalars(_CLAIM, {"organization_id": organization_id, "limit": limit})
        return list(rows)

    async def claim_one(self, order_id: UUID) -> bool:
        """Take up one order; False unless it waits or has not been matched."""
        return await self._writer.scalar(_CLAIM_ONE, {"order_id": order_id}) is not None

    async def settle(self, settled: Sequence[Settled], now: datetime) -> None:
        """Write where orders stand that were taken up."""
        bound = {
            "now": now,
            "order_ids": [one.order_id for one in settled],
            "states": [one.state for one in settled],
            "rounds": [one.rounds for one in settled],
            "codes": [one.reason_code for one in settled],
            "reasons": [one.reason for one in settled],
            "retries": [one.retry_at for one in settled],
        }
        await self._writer.execute(_SETTLE, bound)

    async def settle_by_offers(self, order_ids: Sequence[UUID], now: datetime) -> Mapping[UUID, str]:
        """Write where orders stand whose offers have changed, and return it; the orders are locked already."""
        rows = await self._writer.execute(_SETTLE_BY_OFFERS, {"order_ids": sorted(order_ids), "now": now})
        return {row.order_id: row.state for row in rows}

    async def take_changed(self, now: datetime, *, limit: int) -> tuple[Sequence[UUID], Sequence[UUID]]:
        """Orders that were changed since they were looked at, locked: those that were cancelled, and those that go on."""
        rows = (await self._writer.execute(_CHANGED, {"now": now, "limit": limit})).all()
        cancelled = sorted(row.order_id for row in rows if row.state == "withdrawn")
        return cancelled, sorted(row.order_id for row in rows if row.state not in ("withdrawn", "done"))


def _waiting(rows: Sequence[Any], asked: _Asked) -> WaitingOrder:
    first = rows[0]
    lines = [
        DemandLine(row.number, row.capability, row.wanted, frozenset(asked.before.get(row.number, ())))
        for row in rows
        if row.number is not None and row.number not in asked.live
    ]
    has_place = first.latitude is not None and first.longitude is not None
    demand = Demand(
        order_id=first.order_id,
        currency=first.currency,
        state_code=first.state_code,
        place=Place(first.latitude, first.longitude) if has_place else None,
        wanted_on=first.due_on,
        lines=lines,
        partners=frozenset(asked.partners),
    )
    names = {row.number: row.name for row in rows}
    return WaitingOrder(demand, first.order_number, names, first.round or 0, first.wants)
