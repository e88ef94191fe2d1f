"""Statements on refunds."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.disputes.repository import TAKEN_FOR_PLAN
from services.payments.payments.models import SYSTEM
from services.payments.refunds.models import HeldRefund, Refund, ToCome
from shared.runtime.db import ReadSession, Session

COLUMNS: Final = ", ".join(f"refunds.{field.name}" for field in fields(Refund))
_NAMES: Final = [field.name for field in fields(Refund)]
_OF_HELD: Final = ", ".join(f"refund.{field.name}" for field in fields(HeldRefund) if field.name != "payment_id")

_FIND: Final = text(f"""
    SELECT {COLUMNS} FROM refunds
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {COLUMNS} FROM refunds
     WHERE coalesce(organization_id = CAST(:organization_id AS uuid), true) AND coalesce(id < CAST(:after AS uuid), true)
       AND coalesce(payment_id = CAST(:payment_id AS uuid), true) AND coalesce(status = CAST(:status AS text), true)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above
_OF_PAYMENTS: Final = text(f"""
    SELECT {COLUMNS} FROM refunds WHERE payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY id
""")  # noqa: S608 - as above
_LOCK: Final = text(f"""
    SELECT {COLUMNS} FROM refunds WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608 - as above
_PAYMENTS_OF: Final = text("SELECT DISTINCT payment_id FROM refunds WHERE id = ANY (CAST(:ids AS uuid[]))")
_INSERT: Final = text(f"""
    INSERT INTO refunds ({", ".join(_NAMES)}) VALUES ({", ".join(f":{name}" for name in _NAMES)})
    ON CONFLICT DO NOTHING RETURNING id
""")  # noqa: S608 - as above
_HELD: Final = text(f"""
    SELECT {_OF_HELD}, held.payment_id FROM gateway_payments AS held JOIN gateway_refunds AS refund
        ON (refund.gateway, refund.account, refund.gateway_payment_id) = (held.gateway, held.account, held.gateway_payment_id)
     WHERE held.payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY refund.first_seen_at, gateway_refund_id
""")  # noqa: S608 - as above
_BIND: Final = text("""
    UPDATE gateway_refunds SET refund_id = :refund_id
     WHERE (gateway, account, gateway_refund_id) = (:gateway, :account, :gateway_refund_id) AND refund_id IS NULL
""")
_SET: Final = text("""
    UPDATE refunds SET status = :status, gateway_refund_id = coalesce(:gateway_refund_id, gateway_refund_id),
                       failure = :failure, reference = coalesce(:reference, reference),
                       processed_at = coalesce(processed_at, CAST(:processed_at AS timestamptz)), version = version + 1,
                       approved_by = coalesce(:approved_by, approved_by), changed_by = :by,
                       updated_at = :at
     WHERE id = :id
""")
_DETACH: Final = text("UPDATE refunds SET plan_id = NULL WHERE id = :id")
# What the order counts as given back of `plan`: by refunds, as its customer's credit, and by a bank that has decided for them.
PLAN_SETTLED: Final = f"""(
                   (SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE plan_id = plan.id AND refunds.status = 'processed')
                   + (SELECT coalesce(sum(entry.amount_minor), 0) FROM customer_credits AS entry
                       WHERE (source, source_id) = ('refund_plan', plan.id))
                   + (SELECT coalesce(sum(taken.amount_minor), 0) FROM ({TAKEN_FOR_PLAN}) AS taken))"""  # noqa: S608 - constants
_PLAN: Final = text(f"""
    UPDATE refund_plans SET status = moved.status
      FROM (SELECT plan.id,
                   CASE WHEN {PLAN_SETTLED} >= refund_minor THEN 'executed'
                        WHEN bool_or(refunds.status IN ('failed', 'rejected'))
                             AND NOT bool_or(refunds.status IN ('awaiting_approval', 'requested', 'pending'))
                             THEN 'failed'
                        ELSE 'executing' END AS status
              FROM refund_plans AS plan LEFT JOIN refunds ON plan_id = plan.id
             WHERE plan.id = ANY (CAST(:ids AS uuid[])) GROUP BY plan.id) AS moved
     WHERE refund_plans.id = moved.id AND refund_plans.status <> moved.status
""")  # noqa: S608 - as above
_LOCK_PLAN: Final = text("""
    SELECT id, order_id, currency, refund_minor, status, created_by FROM refund_plans WHERE id = :id FOR NO KEY UPDATE
""")
_PLAN_OF: Final = text("""
    SELECT order_id FROM refund_plans JOIN orders ON orders.id = order_id
     WHERE refund_plans.id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")
_PAID_BY: Final = text("SELECT id FROM payments WHERE order_id = :order_id AND captured_minor > 0")
_PLANNED: Final = text("SELECT id FROM refund_plans WHERE status = 'planned' ORDER BY created_at, id LIMIT :limit")
_HOLD_ORDER: Final = text("SELECT id FROM orders WHERE id = :order_id FOR NO KEY UPDATE")
# What is on its way already is neither still to come nor left: of a plan also what waits for approval.
_TO_COME: Final = text(f"""
    WITH under_way AS (
        SELECT refunds.plan_id, refunds.amount_minor FROM refunds JOIN payments ON payments.id = refunds.payment_id
         WHERE payments.order_id = :order_id AND NOT from_credit
           AND (refunds.status IN ('requested', 'pending') OR (refunds.status = 'awaiting_approval' AND plan_id IS NOT NULL))
    )
    SELECT CAST(coalesce((SELECT sum(refund_minor) FROM refund_plans WHERE order_id = orders.id AND status = 'planned'), 0)
                AS bigint) AS planned_minor,
           CAST(coalesce((SELECT sum(refund_minor - {PLAN_SETTLED} - (SELECT coalesce(sum(amount_minor), 0) FROM under_way
                                                                      WHERE plan_id = plan.id))
                            FROM refund_plans AS plan WHERE order_id = orders.id AND status = 'executing'), 0)
                AS bigint) AS waiting_minor,
           CAST(paid_minor - refunded_minor - coalesce((SELECT sum(amount_minor) FROM under_way), 0) AS bigint) AS left_minor
      FROM orders WHERE id = :order_id
""")  # noqa: S608 - as above
_TAKE_UNHEARD: Final = text("""
    WITH due AS (
        SELECT id FROM refunds WHERE status IN ('requested', 'pending') AND greatest(updated_at, checked_at) < :before
         ORDER BY greatest(updated_at, checked_at), id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE refunds SET checked_at = :slot FROM due WHERE refunds.id = due.id RETURNING refunds.id
""")


class RefundReader:
    """What is read of refunds. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, refund_id: UUID, organization_id: UUID | None) -> Refund | None:
        """One refund."""
        rows = await self._session.execute(_FIND, {"id": refund_id, "organization_id": organization_id})
        row = rows.mappings().one_or_none()
        return Refund(**row) if row is not None else None

    async def newest(
        self, organization_id: UUID | None, *, payment_id: UUID | None, status: str | None, after: UUID | None, limit: int
    ) -> Sequence[Refund]:
        """The newest first, from after `after` on."""
        bound = {"organization_id": organization_id, "payment_id": payment_id, "status": status, "after": after, "limit": limit}
        return [Refund(**row) for row in (await self._session.execute(_NEWEST, bound)).mappings()]

    async def of_payments(self, payment_ids: Collection[UUID]) -> list[Refund]:
        """All of these payments, the oldest first."""
        return [Refund(**row) for row in (await self._session.execute(_OF_PAYMENTS, {"ids": list(payment_ids)})).mappings()]

    async def payments_of(self, refund_ids: Collection[UUID]) -> set[UUID]:
        """Whose refunds these are: their payments are locked before them."""
        return set((await self._session.scalars(_PAYMENTS_OF, {"ids": list(refund_ids)})).all())


class RefundRepository(RefundReader):
    """What is written of refunds, under the locks of their payments."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def lock(self, refund_ids: Collection[UUID]) -> dict[UUID, Refund]:
        """Hold these until the unit of work ends."""
        rows = await self._writing.execute(_LOCK, {"ids": list(refund_ids)})
        return {row["id"]: Refund(**row) for row in rows.mappings()}

    async def insert(self, refund: Refund) -> bool:
        """Write a refund; False where it is there already."""
        bound = {name: getattr(refund, name) for name in _NAMES}
        return (await self._writing.execute(_INSERT, bound)).first() is not None

    async def held(self, payment_ids: Collection[UUID]) -> list[HeldRefund]:
        """What gateways hold of refunds of these payments."""
        return [HeldRefund(**row) for row in (await self._writing.execute(_HELD, {"ids": list(payment_ids)})).mappings()]

    async def bind(self, held: HeldRefund, refund_id: UUID) -> None:
        """Say whose a gateway's refund is."""
        names = ("gateway", "account", "gateway_refund_id")
        await self._writing.execute(_BIND, {"refund_id": refund_id, **{name: getattr(held, name) for name in names}})

    async def advance(self, refund_id: UUID, status: str, at: datetime, *, by: str = SYSTEM, **more: Any) -> None:
        """Move a refund on. more: gateway_refund_id, failure, reference, processed_at, approved_by."""
        usual = dict.fromkeys(("gateway_refund_id", "failure", "reference", "processed_at", "approved_by"))
        await self._writing.execute(_SET, {**usual, "id": refund_id, "status": status, "by": by, "at": at, **more})

    async def detach(self, refund_id: UUID) -> None:
        """Take a refund from its plan, which another one of the same payment carries out."""
        await self._writing.execute(_DETACH, {"id": refund_id})

    async def move_plans(self, plan_ids: Collection[UUID]) -> None:
        """Let plans say how far their refunds are."""
        if plan_ids:
            await self._writing.execute(_PLAN, {"ids": sorted(plan_ids)})

    async def plan_order(self, plan_id: UUID, organization_id: UUID | None) -> UUID | None:
        """Whose cancellation a plan is."""
        found: UUID | None = await self._writing.scalar(_PLAN_OF, {"id": plan_id, "organization_id": organization_id})
        return found

    async def lock_plan(self, plan_id: UUID) -> Any:
        """Hold a plan; it has order_id, currency, refund_minor, status and created_by."""
        return (await self._writing.execute(_LOCK_PLAN, {"id": plan_id})).one_or_none()

    async def payments_of_order(self, order_id: UUID) -> set[UUID]:
        """Those that have brought it money."""
        return set((await self._writing.scalars(_PAID_BY, {"order_id": order_id})).all())

    async def to_come(self, order_id: UUID) -> ToCome:
        """What cancellations of an order are still to give back. The order is held until the unit of work ends, so that a
        cancellation waits and sees what is asked for here."""
        await self._writing.execute(_HOLD_ORDER, {"order_id": order_id})
        return ToCome(*(await self._writing.execute(_TO_COME, {"order_id": order_id})).one())

    async def planned(self, limit: int) -> list[UUID]:
        """Plans of cancellations that nobody has begun to carry out."""
        return list((await self._writing.scalars(_PLANNED, {"limit": limit})).all())

    async def take_unheard(self, slot: datetime, before: datetime, limit: int) -> list[UUID]:
        """Refunds of which nothing was heard since `before`, and about which nobody has asked since then either; at `slot` they
        are."""
        return list((await self._writing.scalars(_TAKE_UNHEARD, {"slot": slot, "before": before, "limit": limit})).all())
