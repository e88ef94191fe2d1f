"""Statements on many payments by the clock: those to be tried again, to be asked about, to be ended, and to be watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.attempts.repository import IS_RELEASED
from services.payments.payments.models import SYSTEM
from shared.runtime.db import Session

# Whose order somebody is paying otherwise waits for what becomes of that.
_TAKE_RETRIES: Final = text("""
    WITH due AS (
        SELECT id FROM payments
         WHERE next_attempt_at <= :slot AND status IN ('failed', 'created') AND payment_method_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM payments AS other
                            WHERE other.order_id = payments.order_id AND other.is_open AND other.id <> payments.id)
         ORDER BY next_attempt_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payments SET next_attempt_at = NULL FROM due WHERE payments.id = due.id RETURNING payments.id, tries
""")

# 5 minutes after the call, then after an hour, then daily five times; what is not known then is a case.
_TAKE_CHECKS: Final = text("""
    WITH due AS (
        SELECT id FROM payments WHERE check_at <= :slot ORDER BY check_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payments SET checks = checks + 1,
           check_at = CASE WHEN checks = 0 THEN CAST(:slot AS timestamptz) + interval '1 hour'
                           WHEN checks < 6 THEN CAST(:slot AS timestamptz) + interval '1 day' END
      FROM due WHERE payments.id = due.id
    RETURNING payments.id, checks AS tries
""")
# A message that tries again does so within minutes of its last call. One that old code has ended does not say that it has: what
# its payment came to would be dealt with by nobody.
_TAKE_LEFT: Final = text("""
    WITH stranded AS (
        SELECT id FROM payments
         WHERE is_charging AND status = 'failed'
           AND NOT EXISTS (SELECT FROM payment_attempts AS call
                            WHERE call.payment_id = payments.id AND call.kind IN ('order', 'charge')
                              AND (call.status IN ('started', 'unknown') OR coalesce(call.finished_at, call.started_at)
                                                                            > CAST(:slot AS timestamptz) - interval '1 hour'))
         ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payments SET is_charging = false FROM stranded WHERE payments.id = stranded.id RETURNING payments.id
""")
_ORPHANS: Final = text("""
    SELECT payments.id FROM gateway_payments AS held JOIN payments
        ON (payments.gateway, payments.account, payments.gateway_order_id) = (held.gateway, held.account, held.gateway_order_id)
     WHERE held.payment_id IS NULL
    UNION
    SELECT held.payment_id FROM disputes JOIN gateway_payments AS held USING (gateway, account, gateway_payment_id)
     WHERE disputes.payment_id IS NULL AND held.payment_id IS NOT NULL
     LIMIT :limit
""")
_UNMATCHED: Final = text("""
    SELECT gateway, account, gateway_payment_id FROM gateway_payments
     WHERE payment_id IS NULL AND captured_minor > 0 AND first_seen_at > CAST(:slot AS timestamptz) - interval '65 minutes'
       AND first_seen_at <= CAST(:slot AS timestamptz) - interval '60 minutes'
     ORDER BY first_seen_at LIMIT 100
""")
# When the gateway says that it began, which may be long ago: what has its case, in whatever state, is left to reconciliation.
_UNMATCHED_DISPUTES: Final = text("""
    SELECT gateway, account, gateway_dispute_id, gateway_payment_id, amount_minor AS disputed_minor,
           currency AS disputed_currency, respond_by
      FROM disputes
     WHERE payment_id IS NULL AND opened_at <= CAST(:slot AS timestamptz) - interval '60 minutes'
       AND NOT EXISTS (SELECT FROM cases WHERE fingerprint = 'dispute_unseen/' || gateway_dispute_id)
     ORDER BY opened_at LIMIT 100
""")
_EXPIRE: Final = text("""
    SELECT id FROM payments WHERE is_open AND expires_at <= :slot AND status = 'created' ORDER BY id LIMIT :limit
""")
# What was given up is not taken after all: it goes back by itself, and somebody has to look where it has not.
_LAPSING: Final = text(f"""
    SELECT id, authorized_at < CAST(:slot AS timestamptz) - interval '72 hours' AS is_over FROM payments
     WHERE status = 'authorized' AND authorized_at < CAST(:slot AS timestamptz) - interval '60 hours'
       AND (authorized_at < CAST(:slot AS timestamptz) - interval '72 hours' OR NOT {IS_RELEASED})
     ORDER BY authorized_at LIMIT :limit
""")  # noqa: S608 - put together from constants; values are bound
# Calls have shown payments and no webhook has come: Razorpay switches a webhook off after a day of failures.
_SILENT: Final = text("""
    SELECT gateway, account FROM gateway_payments AS held
     WHERE first_seen_at > CAST(:slot AS timestamptz) - interval '6 hours' AND gateway <> 'offline'
       AND NOT EXISTS (SELECT FROM gateway_events AS event
                        WHERE (event.gateway, event.account) = (held.gateway, held.account)
                          AND event.received_at > CAST(:slot AS timestamptz) - interval '6 hours')
     GROUP BY gateway, account HAVING min(first_seen_at) < CAST(:slot AS timestamptz) - interval '1 hour'
     ORDER BY gateway, account
""")
_HANDLED: Final = text("""
    UPDATE payments SET handled_tries = tries, next_attempt_at = :next_attempt_at,
                        later_declines = later_declines + CASE WHEN decline_kind = 'later' THEN 1 ELSE 0 END,
                        technical_declines = technical_declines
                                             + CASE WHEN decline_kind = 'safe_now' AND :ends_round THEN 1 ELSE 0 END,
                        version = version + 1,
                        updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by, change_reason = :reason,
                        change_reference = NULL
     WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment whose time has come. tries: which one it is, so that each is asked for once."""

    id: UUID
    tries: int


@dataclass(frozen=True, slots=True)
class Lapsing:
    """An authorization that nobody has taken. is_over: it goes back by itself now."""

    id: UUID
    is_over: bool


class UpkeepRepository:
    """Works in the session's unit of work, past payments that somebody else is at."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_retries(self, slot: datetime, limit: int) -> Sequence[Taken]:
        """Payments that are to be charged again by `slot`; a second run finds none of them."""
        rows = await self._session.execute(_TAKE_RETRIES, {"slot": slot, "limit": limit})
        return [Taken(row.id, row.tries) for row in rows]

    async def take_checks(self, slot: datetime, limit: int) -> Sequence[Taken]:
        """Payments about which the gateway is to be asked by `slot`; now they are."""
        rows = await self._session.execute(_TAKE_CHECKS, {"slot": slot, "limit": limit})
        return [Taken(row.id, row.tries) for row in rows]

    async def take_left(self, slot: datetime, limit: int) -> list[UUID]:
        """Payments that have failed and whose message has not come back to them for an hour by `slot`; now nobody is at them."""
        return list((await self._session.scalars(_TAKE_LEFT, {"slot": slot, "limit": limit})).all())

    async def orphans(self, limit: int) -> list[UUID]:
        """Payments of which something came before their order was known."""
        return list((await self._session.scalars(_ORPHANS, {"limit": limit})).all())

    async def unmatched(self, slot: datetime) -> Sequence[tuple[str, str, str]]:
        """Money that has been there for an hour and belongs to nothing: gateway, account, the gateway's id."""
        return [(row[0], row[1], row[2]) for row in await self._session.execute(_UNMATCHED, {"slot": slot})]

    async def unmatched_disputes(self, slot: datetime) -> Sequence[Any]:
        """Disputes of an hour about payments that nobody knows, and that no case is about: gateway, account, gateway_dispute_id,
        gateway_payment_id, disputed_minor, disputed_currency, respond_by."""
        return (await self._session.execute(_UNMATCHED_DISPUTES, {"slot": slot})).mappings().all()

    async def expiring(self, slot: datetime, limit: int) -> list[UUID]:
        """Payments that nobody has begun to make by `slot`."""
        return list((await self._session.scalars(_EXPIRE, {"slot": slot, "limit": limit})).all())

    async def lapsing(self, slot: datetime, limit: int) -> Sequence[Lapsing]:
        """Authorizations of more than 60 hours; those that were given up, of more than 72."""
        return [Lapsing(row.id, row.is_over) for row in await self._session.execute(_LAPSING, {"slot": slot, "limit": limit})]

    async def silent(self, slot: datetime) -> Sequence[tuple[str, str]]:
        """Accounts that take payments and have told nothing for six hours."""
        return [(row[0], row[1]) for row in await self._session.execute(_SILENT, {"slot": slot})]

    async def handled(
        self, payment_id: UUID, *, next_attempt_at: datetime | None, reason: str, ends_round: bool, at: datetime
    ) -> None:
        """Note what follows from a failure, and that its customer knows. ends_round: it is not tried again within minutes."""
        bound = {"id": payment_id, "next_attempt_at": next_attempt_at, "reason": reason, "ends_round": ends_round}
        bound |= {"by": SYSTEM, "at": at}
        await self._session.execute(_HANDLED, bound)
