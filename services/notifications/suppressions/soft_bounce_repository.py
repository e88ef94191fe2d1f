"""Statements on soft bounces: messages that were given up, or came back, because a mailbox was full or away.

An address that bounces too often within too short a time is left alone for a while. How often and how long is the organization's
policy; without one, five times within 7 days, for 30 days. What counts is what has happened and when, and not in which order we
were told: so the same reports always lead to the same list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

POLICY: Final = "the soft-bounce policy"
"""Who puts addresses on the list for soft bounces, and takes them off again."""
DEFAULT_COUNT: Final = 5
DEFAULT_DAYS: Final = 7
DEFAULT_SUPPRESS_DAYS: Final = 30
KEPT_DAYS: Final = 500
"""Longer than any policy looks back and suppresses (90 and 365 days), whatever deliveries are kept for: an entry must not lose
what it stands on."""

QUIET_HOURS: Final = 1
"""After how long a mail counts as arrived that a server has taken which reports nothing. What it cannot hand on comes back as a
bounce mail, within minutes where the mailbox is full."""

_LOCKS: Final = 64


@dataclass(frozen=True, slots=True)
class SoftBounce:
    """A delivery that came back for now. address_hash: see addresses.py."""

    delivery_id: UUID
    channel: str
    address_hash: str
    organization_id: UUID | None
    bounced_at: datetime


# Two batches that count the same address at once would each miss what the other counts.
_LOCK: Final = text("""
    SELECT pg_advisory_xact_lock(hashtext('soft_bounces'), bucket)
      FROM (SELECT DISTINCT abs(hashtext(address_hash)) % :locks AS bucket
              FROM unnest(CAST(:address_hashes AS text[])) AS row(address_hash) ORDER BY bucket OFFSET 0) AS buckets
""")

# Of several bounces of a delivery the last counts: were it the first, an arrival between them would take both away, or one, by
# the order in which they are told.
_COUNT: Final = text("""
    INSERT INTO soft_bounces AS known (delivery_id, channel, address_hash, organization_id, bounced_at)
    SELECT DISTINCT ON (delivery_id) delivery_id, channel, address_hash, organization_id, bounced_at
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:channel AS text[]), CAST(:address_hash AS text[]),
                  CAST(:organization_id AS uuid[]), CAST(:bounced_at AS timestamptz[]))
           AS row(delivery_id, channel, address_hash, organization_id, bounced_at)
     ORDER BY delivery_id, bounced_at DESC
    ON CONFLICT (delivery_id) DO UPDATE SET bounced_at = excluded.bounced_at WHERE excluded.bounced_at > known.bounced_at
""")

# A delivery that arrived ends the row of bounces before it. They are taken away at once, because what has arrived is not kept for
# as long as they would be.
_FORGIVE: Final = text(f"""
    DELETE FROM soft_bounces AS bounce
     WHERE bounce.address_hash = ANY(CAST(:address_hashes AS text[]))
       AND EXISTS (SELECT FROM deliveries LEFT JOIN delivery_events AS event
                              ON event.delivery_id = deliveries.id AND event.kind = 'delivered'
                    WHERE deliveries.address_hash = bounce.address_hash AND deliveries.channel = bounce.channel
                      AND deliveries.organization_id IS NOT DISTINCT FROM bounce.organization_id
                      AND deliveries.created_at > bounce.bounced_at - interval '30 days'
                      AND (event.occurred_at > bounce.bounced_at
                           OR deliveries.status = 'sent' AND NOT deliveries.awaits_report AND deliveries.receipt IS NULL
                          AND deliveries.finished_at > bounce.bounced_at
                          AND deliveries.finished_at < CAST(:now AS timestamptz) - interval '{QUIET_HOURS} hours'))
""")  # noqa: S608 - put together from constants of this module; values are bound

# The n-th bounce before each one tells whether that many lie close enough together. Statements cannot see each other's changes,
# so several are needed.
_CALLED_FOR: Final = f"""
    SELECT channel, address_hash, organization_id,
           max(bounced_at + make_interval(days => suppress_days)) AS expires_at
      FROM (
        SELECT bounce.channel, bounce.address_hash, bounce.organization_id, bounce.bounced_at,
               coalesce(soft_bounce_days, {DEFAULT_DAYS}) AS days,
               coalesce(soft_bounce_suppress_days, {DEFAULT_SUPPRESS_DAYS}) AS suppress_days,
               lag(bounce.bounced_at, coalesce(soft_bounce_count, {DEFAULT_COUNT}) - 1)
                   OVER (PARTITION BY bounce.channel, bounce.address_hash, bounce.organization_id
                             ORDER BY bounce.bounced_at, bounce.delivery_id) AS begun_at
          FROM soft_bounces AS bounce
          LEFT JOIN organization_policies AS policy ON policy.organization_id = bounce.organization_id
         WHERE bounce.address_hash = ANY(CAST(:address_hashes AS text[]))
      ) AS counted
     WHERE begun_at >= bounced_at - make_interval(days => days)
     GROUP BY channel, address_hash, organization_id
"""  # noqa: S608 - put together from constants of this module; values are bound

_SUPPRESS: Final = text(f"""
    INSERT INTO suppressions AS known (channel, address, address_hash, scope, organization_id, reason, source, expires_at,
                                       created_by, created_at)
    SELECT channel, (SELECT to_address FROM deliveries
                      WHERE deliveries.address_hash = due.address_hash AND deliveries.channel = due.channel
                        AND to_address IS NOT NULL ORDER BY created_at DESC LIMIT 1),
           address_hash, 'organization', organization_id, 'soft_bounces', 'policy', expires_at, :policy, :now
      FROM ({_CALLED_FOR}) AS due ORDER BY address_hash, channel, organization_id
    ON CONFLICT ON CONSTRAINT suppressions_key DO UPDATE SET expires_at = excluded.expires_at
     WHERE known.created_by = :policy AND known.expires_at <> excluded.expires_at
""")  # noqa: S608 - put together from constants of this module; values are bound

_LIFTED: Final = text(f"""
    SELECT id FROM suppressions AS known
     WHERE known.address_hash = ANY(CAST(:address_hashes AS text[])) AND known.reason = 'soft_bounces'
       AND known.created_by = :policy
       AND NOT EXISTS (SELECT FROM ({_CALLED_FOR}) AS due
                        WHERE due.address_hash = known.address_hash AND due.channel = known.channel
                          AND due.organization_id IS NOT DISTINCT FROM known.organization_id)
     ORDER BY id
""")  # noqa: S608 - as above

_LIFT: Final = text("""
    WITH gone AS (
        DELETE FROM suppressions WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING *
    )
    INSERT INTO suppression_removals (suppression_id, channel, address_hash, scope, organization_id, category, reason, added_by,
                                      added_at, removed_by, removed_at, why)
    SELECT id, channel, address_hash, scope, organization_id, category, reason, created_by, created_at, :policy, :now,
           'mail has arrived since'
      FROM gone
""")

_COUNTED: Final = text("""
    SELECT DISTINCT address_hash FROM soft_bounces WHERE address_hash = ANY(CAST(:address_hashes AS text[]))
""")

_ALL_COUNTED: Final = text("""
    SELECT DISTINCT address_hash FROM soft_bounces
     WHERE bounced_at > :since AND address_hash > :after ORDER BY address_hash LIMIT :limit
""")


class SoftBounceRepository:
    """Counts soft bounces, and keeps the entries that follow from them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, bounces: Sequence[SoftBounce]) -> None:
        """Count each delivery once, at the latest moment that was told of it. `settle` says what follows."""
        if bounces:
            await self._lock([one.address_hash for one in bounces])
            columns = {field.name: [getattr(one, field.name) for one in bounces] for field in fields(SoftBounce)}
            await self._session.execute(_COUNT, columns)

    async def counted(self, address_hashes: Sequence[str]) -> list[str]:
        """Those of the addresses that have soft bounces."""
        if not address_hashes:
            return []
        return list(await self._session.scalars(_COUNTED, {"address_hashes": list(address_hashes)}))

    async def all_counted(self, since: datetime, *, after: str, limit: int) -> list[str]:
        """The addresses that have bounced since then, in order, from the one behind `after` on."""
        return list(await self._session.scalars(_ALL_COUNTED, {"since": since, "after": after, "limit": limit}))

    async def settle(self, address_hashes: Sequence[str], now: datetime) -> None:
        """Bring the list to what the bounces and deliveries of these addresses call for."""
        if not address_hashes:
            return
        await self._lock(address_hashes)
        bound: dict[str, Any] = {"address_hashes": sorted(set(address_hashes)), "policy": POLICY}
        await self._session.execute(_FORGIVE, {"address_hashes": bound["address_hashes"], "now": now})
        await self._session.execute(_SUPPRESS, {**bound, "now": now})
        lifted = list(await self._session.scalars(_LIFTED, bound))
        if lifted:
            await self._session.execute(_LIFT, {"ids": lifted, "policy": POLICY, "now": now})

    async def _lock(self, address_hashes: Sequence[str]) -> None:
        await self._session.execute(_LOCK, {"address_hashes": sorted(set(address_hashes)), "locks": _LOCKS})
