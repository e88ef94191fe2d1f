"""Statements on calls of gateways, many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.attempts.models import Attempt, Begin, Card, DeclineNote, End
from services.payments.payments.models import Payment
from services.payments.payments.repository import COLUMNS, payment_of
from shared.runtime.db import Session

_BEGIN: Final = text("""
    INSERT INTO payment_attempts (id, payment_id, number, kind, refund_id, gateway_payment_id, amount_minor, started_at)
    SELECT row.id, row.payment_id, coalesce(known.number, 0) + row_number() OVER (PARTITION BY row.payment_id ORDER BY row.place),
           row.kind, row.refund_id, row.gateway_payment_id, row.amount_minor, :at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:payment_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:refund_ids AS uuid[]),
                  CAST(:gateway_payment_ids AS text[]), CAST(:amounts AS bigint[]))
           WITH ORDINALITY AS row(id, payment_id, kind, refund_id, gateway_payment_id, amount_minor, place)
      LEFT JOIN LATERAL (SELECT max(number) AS number FROM payment_attempts WHERE payment_id = row.payment_id) AS known ON true
""")
_END: Final = text("""
    UPDATE payment_attempts
       SET status = row.status, detail = row.detail,
           finished_at = CASE WHEN row.status <> 'unknown' THEN CAST(:at AS timestamptz) END,
           gateway_order_id = coalesce(row.gateway_order_id, payment_attempts.gateway_order_id),
           gateway_payment_id = coalesce(row.gateway_payment_id, payment_attempts.gateway_payment_id)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:details AS text[]), CAST(:order_ids AS text[]),
                  CAST(:payment_ids AS text[])) AS row(id, status, detail, gateway_order_id, gateway_payment_id)
     WHERE payment_attempts.id = row.id AND payment_attempts.status IN ('started', 'unknown')
""")
_OPEN: Final = text("""
    SELECT id, payment_id, kind, status, started_at, refund_id, resumed_at FROM payment_attempts
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND status IN ('started', 'unknown') ORDER BY payment_id, number
""")
_RESUME: Final = text("""
    UPDATE payment_attempts SET resumed_at = :at
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND kind IN ('order', 'charge') AND status = 'started'
""")
_DECLINED_BEFORE: Final = text("""
    SELECT payment_id, gateway_payment_id FROM payment_attempts
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND kind = 'charge' AND status = 'declined' AND gateway_payment_id IS NOT NULL
""")
IS_RELEASED: Final = """
    EXISTS (SELECT FROM payment_attempts AS given_up
             WHERE given_up.payment_id = payments.id AND given_up.kind = 'cancel'
               AND coalesce(given_up.gateway_payment_id, payments.gateway_payment_id) = payments.gateway_payment_id
               AND NOT EXISTS (SELECT FROM payment_attempts AS taken
                                WHERE taken.payment_id = payments.id AND taken.kind = 'capture'
                                  AND taken.number > given_up.number))
"""
"""Of a payment whose authorization was given up, and that nobody has wanted to take since. A gateway that cannot give it up holds
it until it lapses. Calls from before that was kept do not say which authorization they were about."""

_RELEASED: Final = text(
    f"SELECT id FROM payments WHERE id = ANY (CAST(:ids AS uuid[])) AND {IS_RELEASED}"  # noqa: S608 - a constant of this module
)
_GIVE_UP: Final = text("""
    UPDATE payment_attempts SET status = 'unavailable', finished_at = :at, detail = 'the gateway knows nothing of it'
     WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND kind IN ('order', 'charge') AND status IN ('started', 'unknown')
       AND coalesce(resumed_at, started_at) < CAST(:before AS timestamptz)
    RETURNING payment_id
""")
_CARDS: Final = text("""
    SELECT payments.id AS payment_id, payment_methods.gateway_customer_id, payment_methods.token, payment_methods.status,
           payment_methods.max_amount_minor, customers.email, customers.phone
      FROM payments JOIN payment_methods ON payment_methods.id = payment_method_id
      LEFT JOIN customers ON customers.id = payments.customer_id
     WHERE payments.id = ANY (CAST(:ids AS uuid[]))
""")

# Those whose order somebody else is paying meanwhile stay as they are.
_START: Final = text(f"""
    UPDATE payments SET status = 'processing', is_open = true, tries = tries + 1, is_charging = true, next_attempt_at = NULL,
                        check_at = CAST(:at AS timestamptz) + interval '5 minutes', checks = 0, version = version + 1,
                        updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by,
                        change_reason = 'the stored method is charged', change_reference = NULL
     WHERE id = ANY (CAST(:ids AS uuid[]))
       AND NOT EXISTS (SELECT FROM payments AS other
                        WHERE other.is_open AND other.id <> payments.id AND other.order_id = payments.order_id)
    RETURNING {COLUMNS}
""")  # noqa: S608 - the columns are constants
_LEAVE: Final = text("""
    UPDATE payments SET is_charging = false
      FROM (SELECT id FROM payments WHERE id = ANY (CAST(:ids AS uuid[])) AND is_charging ORDER BY id FOR NO KEY UPDATE) AS held
     WHERE payments.id = held.id
""")
_DECLINED: Final = text("""
    UPDATE payments SET decline_code = row.code, decline_reason = row.reason, decline_kind = row.kind,
                        decline_delay_s = row.delay_s, failure = row.failure, next_action = row.next_action
      FROM unnest(CAST(:payment_id AS uuid[]), CAST(:code AS text[]), CAST(:reason AS text[]), CAST(:kind AS text[]),
                  CAST(:delay_s AS integer[]), CAST(:failure AS text[]), CAST(:next_action AS text[]))
           AS row(id, code, reason, kind, delay_s, failure, next_action)
     WHERE payments.id = row.id
""")
_BOUND: Final = text("""
    UPDATE payments SET gateway_order_id = row.order_id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:order_ids AS text[])) AS row(id, order_id)
     WHERE payments.id = row.id AND payments.gateway_order_id IS NULL
""")
_AGAIN: Final = text(
    "UPDATE payments SET next_attempt_at = :at WHERE id = ANY (CAST(:ids AS uuid[])) AND status IN ('failed', 'created')"
)
# A failure that is yet to be handled is planned for then, and what is a subscription's by that.
_AFTER_ANOTHER: Final = text("""
    UPDATE payments SET next_attempt_at = :at
     WHERE id = ANY (CAST(:ids AS uuid[])) AND status = 'failed' AND handled_tries >= tries
       AND next_attempt_at IS NULL AND subscription_id IS NULL
""")


class AttemptRepository:
    """Works in the session's unit of work, under the locks of the payments."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, attempts: Sequence[Begin], at: datetime) -> None:
        """Write down calls that are about to be made."""
        if attempts:
            names = {
                "ids": "id",
                "payment_ids": "payment_id",
                "kinds": "kind",
                "refund_ids": "refund_id",
                "gateway_payment_ids": "gateway_payment_id",
                "amounts": "amount_minor",
            }
            bound = {column: [getattr(one, name) for one in attempts] for column, name in names.items()}
            await self._session.execute(_BEGIN, {**bound, "at": at})

    async def end(self, ends: Sequence[End], at: datetime) -> None:
        """Write down how calls have ended; what is known of one already stays."""
        if ends:
            bound = {
                "ids": [one.attempt_id for one in ends],
                "statuses": [one.status for one in ends],
                "details": [one.detail and one.detail[:300] for one in ends],
                "order_ids": [one.gateway_order_id for one in ends],
                "payment_ids": [one.gateway_payment_id for one in ends],
            }
            await self._session.execute(_END, {**bound, "at": at})

    async def unfinished(self, payment_ids: Collection[UUID]) -> dict[UUID, list[Attempt]]:
        """Calls of which the end is not known, by payment, the oldest first."""
        found: dict[UUID, list[Attempt]] = {}
        rows = await self._session.execute(_OPEN, {"ids": list(payment_ids)})
        for row in rows.mappings():
            found.setdefault(row["payment_id"], []).append(Attempt(**row))
        return found

    async def resume(self, payment_ids: Collection[UUID], at: datetime) -> None:
        """Write down that charges are made which somebody else has begun: they may be on their way from now on."""
        if payment_ids:
            await self._session.execute(_RESUME, {"ids": sorted(payment_ids), "at": at})

    async def declined_before(self, payment_ids: Collection[UUID]) -> dict[UUID, set[str]]:
        """The gateway's payments that tries have made which it has declined, by our payment."""
        found: dict[UUID, set[str]] = {}
        for row in await self._session.execute(_DECLINED_BEFORE, {"ids": sorted(payment_ids)}):
            found.setdefault(row.payment_id, set()).add(row.gateway_payment_id)
        return found

    async def give_up(self, payment_ids: Collection[UUID], before: datetime, at: datetime) -> set[UUID]:
        """End charges of which the gateway, when asked, knew nothing: they never arrived. Returns whose they were."""
        bound = {"ids": list(payment_ids), "before": before, "at": at}
        return set((await self._session.scalars(_GIVE_UP, bound)).all())

    async def released(self, payment_ids: Collection[UUID]) -> set[UUID]:
        """Those whose authorization was given up, whether the gateway could do so or not."""
        return set((await self._session.scalars(_RELEASED, {"ids": list(payment_ids)})).all())

    async def cards(self, payment_ids: Collection[UUID]) -> dict[UUID, Card]:
        """What charges need, by payment; a payment without a stored method has none."""
        rows = await self._session.execute(_CARDS, {"ids": list(payment_ids)})
        return {row["payment_id"]: Card(**{field.name: row[field.name] for field in fields(Card)}) for row in rows.mappings()}

    async def start(self, payment_ids: Collection[UUID], *, by: str, at: datetime) -> dict[UUID, Payment]:
        """Let payments be in process; those that are missing from the answer may not be."""
        rows = await self._session.execute(_START, {"ids": sorted(payment_ids), "by": by, "at": at})
        return {row["id"]: payment_of(row) for row in rows.mappings()}

    async def leave(self, payment_ids: Collection[UUID]) -> None:
        """Note that the messages which have charged these do not come back to them."""
        if payment_ids:
            await self._session.execute(_LEAVE, {"ids": sorted(payment_ids)})

    async def note_declines(self, notes: Sequence[DeclineNote]) -> None:
        """Keep why payments were declined."""
        if notes:
            bound = {field.name: [getattr(one, field.name) for one in notes] for field in fields(DeclineNote)}
            await self._session.execute(_DECLINED, bound)

    async def bind_orders(self, order_ids: Mapping[UUID, str]) -> None:
        """Keep the gateway's orders of payments."""
        if order_ids:
            await self._session.execute(_BOUND, {"ids": list(order_ids), "order_ids": list(order_ids.values())})

    async def try_again_at(self, payment_ids: Collection[UUID], at: datetime) -> None:
        """Have payments tried again by the clock."""
        if payment_ids:
            await self._session.execute(_AGAIN, {"ids": sorted(payment_ids), "at": at})

    async def try_after_another(self, payment_ids: Collection[UUID], at: datetime) -> None:
        """Have payments tried once more by the clock whose turn another payment has taken."""
        if payment_ids:
            await self._session.execute(_AFTER_ANOTHER, {"ids": sorted(payment_ids), "at": at})
