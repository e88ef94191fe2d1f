"""Statements on disputes."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.disputes.models import Dispute
from shared.runtime.db import ReadSession

_COLUMNS: Final = ", ".join(field.name for field in fields(Dispute))
_OF_PAYMENTS: Final = text(f"""
    SELECT {_COLUMNS} FROM disputes WHERE payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY id
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {_COLUMNS} FROM disputes
     WHERE coalesce(organization_id = CAST(:organization_id AS uuid), CAST(:organization_id AS uuid) IS NULL)
       AND coalesce(id < CAST(:after AS uuid), true) AND (NOT :open_only OR rank < 3)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above
_PLANS_WAITING: Final = text("""
    SELECT id, order_id FROM refund_plans
     WHERE order_id = ANY (CAST(:order_ids AS uuid[])) AND status IN ('planned', 'executing') ORDER BY id
""")
# Whose money is whose, a person has still to say.
_UNCLEAR: Final = text("""
    SELECT DISTINCT disputes.payment_id FROM disputes JOIN cases
        ON fingerprint IN ('currency_mismatch/' || gateway_dispute_id, 'dispute_unreturned/' || gateway_dispute_id)
     WHERE disputes.payment_id = ANY (CAST(:ids AS uuid[])) AND cases.state = 'open'
""")
# What of each dispute was taken for what `plan` gives back. The source's id names both, `<plan>:<dispute>`, so it is found by an
# exact key.
TAKEN_FOR_PLAN: Final = """
    SELECT dispute.id, entry.amount_minor
      FROM payments JOIN disputes AS dispute ON dispute.payment_id = payments.id
      JOIN ledger_transactions AS posted
        ON (posted.source, posted.source_id) = ('dispute_refund', plan.id || ':' || dispute.id)
      JOIN ledger_entries AS entry ON entry.transaction_id = posted.id AND entry.amount_minor > 0
     WHERE payments.order_id = plan.order_id"""
_COUNTED: Final = text(f"""
    SELECT taken.id, sum(taken.amount_minor)::bigint AS amount_minor
      FROM refund_plans AS plan CROSS JOIN LATERAL ({TAKEN_FOR_PLAN}) AS taken
     WHERE plan.id = ANY (CAST(:plan_ids AS uuid[]))
        OR plan.order_id IN (SELECT payments.order_id FROM disputes JOIN payments ON payments.id = payment_id
                              WHERE disputes.id = ANY (CAST(:dispute_ids AS uuid[])))
     GROUP BY taken.id
""")  # noqa: S608 - as above


class DisputeReader:
    """What is read of disputes; facts write them."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_payments(self, payment_ids: Collection[UUID]) -> Sequence[Dispute]:
        """All of these payments."""
        return [Dispute(**row) for row in (await self._session.execute(_OF_PAYMENTS, {"ids": list(payment_ids)})).mappings()]

    async def newest(self, organization_id: UUID | None, *, open_only: bool, after: UUID | None, limit: int) -> Sequence[Dispute]:
        """By descending id, from after `after` on. organization_id: None for a caller who sees everybody's, and nobody's."""
        bound = {"organization_id": organization_id, "open_only": open_only, "after": after, "limit": limit}
        return [Dispute(**row) for row in (await self._session.execute(_NEWEST, bound)).mappings()]

    async def plans_waiting(self, order_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
        """Plans of cancellations of these orders that are not carried out, with their orders."""
        rows = await self._session.execute(_PLANS_WAITING, {"order_ids": list(order_ids)})
        return [(row.id, row.order_id) for row in rows]

    async def unclear(self, payment_ids: Collection[UUID]) -> set[UUID]:
        """Those of these payments that were disputed in another currency, or until the dispute was closed without a decision and
        its money has not come back, as long as the case about it is open."""
        return set((await self._session.scalars(_UNCLEAR, {"ids": list(payment_ids)})).all())

    async def counted(self, *, plan_ids: Sequence[UUID] = (), dispute_ids: Sequence[UUID] = ()) -> dict[UUID, int]:
        """What of each dispute was taken for what these plans give back, or what any plan does of these disputes' orders."""
        bound = {"plan_ids": list(plan_ids), "dispute_ids": list(dispute_ids)}
        return {row.id: row.amount_minor for row in await self._session.execute(_COUNTED, bound)}
