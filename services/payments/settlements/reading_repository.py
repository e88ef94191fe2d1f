"""Statements that read settlements and their items."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.settlements.filter_models import ItemFilter, SettlementFilter
from services.payments.settlements.models import Item, Settlement
from shared.runtime.db import ReadSession

_OWN: Final = "(CAST(:organization_id AS uuid) IS NULL OR settlements.organization_id = :organization_id)"
# Several organizations may be paid through one account: each sees its own items, and of the settlement what they come to.
_SETTLEMENTS: Final = f"""
    SELECT settlements.id, settlements.gateway, settlements.account, settlements.organization_id, settlements.settlement_id,
           settlements.status, CASE WHEN {_OWN} THEN settlements.amount_minor ELSE credit_minor - debit_minor END AS amount_minor,
           settlements.currency, CASE WHEN {_OWN} THEN settlements.fee_minor ELSE item_fee_minor END AS fee_minor,
           CASE WHEN {_OWN} THEN settlements.tax_minor ELSE item_tax_minor END AS tax_minor, settlements.utr, settlements.day,
           settlements.occurred_at, CASE WHEN {_OWN} THEN difference_minor ELSE 0 END AS difference_minor, items, credit_minor,
           debit_minor, item_fee_minor, item_tax_minor
      FROM settlements
     CROSS JOIN LATERAL (
               SELECT count(*) AS items, coalesce(sum(item.credit_minor), 0)::bigint AS credit_minor,
                      coalesce(sum(item.debit_minor), 0)::bigint AS debit_minor,
                      coalesce(sum(item.fee_minor), 0)::bigint AS item_fee_minor,
                      coalesce(sum(item.tax_minor), 0)::bigint AS item_tax_minor
                 FROM recon_items AS item
                WHERE (item.gateway, item.account, item.settlement_id)
                      = (settlements.gateway, settlements.account, settlements.settlement_id)
                  AND (CAST(:organization_id AS uuid) IS NULL OR item.organization_id = :organization_id)) AS own
     WHERE ({_OWN} OR items > 0)
"""  # noqa: S608 - put together from constants of this module; values are bound
_FIND: Final = text(f"{_SETTLEMENTS} AND settlements.id = :id")
_NEWEST: Final = text(f"""
    {_SETTLEMENTS} AND coalesce(settlements.account = CAST(:account AS text), true)
       AND (CAST(:utr AS text) IS NULL OR settlements.utr = :utr)
       AND coalesce(settlements.day >= CAST(:settled_from AS date), true)
       AND coalesce(settlements.day <= CAST(:settled_to AS date), true)
       AND coalesce((settlements.occurred_at, settlements.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)), true)
     ORDER BY settlements.occurred_at DESC, settlements.id DESC LIMIT :limit
""")
_ITEM: Final = ", ".join(
    "item.class AS class_" if field.name == "class_" else f"{'payments' if field.name == 'order_id' else 'item'}.{field.name}"
    for field in fields(Item)
)
_OWN_ITEM: Final = f"""
    SELECT {_ITEM} FROM recon_items AS item LEFT JOIN payments ON payments.id = item.payment_id
     WHERE (CAST(:organization_id AS uuid) IS NULL OR item.organization_id = :organization_id)
"""  # noqa: S608 - as above
_ITEMS: Final = text(f"""
    {_OWN_ITEM}
       AND (CAST(:settlement AS uuid) IS NULL
            OR EXISTS (SELECT FROM settlements
                        WHERE (settlements.gateway, settlements.account, settlements.settlement_id)
                              = (item.gateway, item.account, item.settlement_id) AND settlements.id = :settlement))
       AND coalesce(item.class = CAST(:class_ AS text), true) AND coalesce(item.kind = CAST(:kind AS text), true)
       AND (CAST(:payment_id AS uuid) IS NULL OR item.payment_id = :payment_id)
       AND coalesce(item.day >= CAST(:settled_from AS date), true) AND coalesce(item.day <= CAST(:settled_to AS date), true)
       AND coalesce((item.day, item.id) > (CAST(:after_day AS date), CAST(:after_id AS uuid)), true)
     ORDER BY item.day, item.id LIMIT :limit
""")
_ABOUT: Final = text(f"""
    {_OWN_ITEM}
       AND (item.payment_id = ANY (CAST(:payment_ids AS uuid[])) OR item.entity_id = :named OR item.settlement_id = :named
            OR item.utr = :named)
     ORDER BY item.day, item.id LIMIT :limit
""")


class SettlementReader:
    """Reads. organization_id: None for a caller who sees everybody's, and what belongs to nobody."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, settlement_id: UUID, organization_id: UUID | None) -> Settlement | None:
        """One settlement, by our id."""
        rows = await self._session.execute(_FIND, {"id": settlement_id, "organization_id": organization_id})
        row = rows.mappings().one_or_none()
        return Settlement(**row) if row is not None else None

    async def newest(
        self, meant: SettlementFilter, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Settlement]:
        """The newest first. after: (occurred_at, id) of the last one seen."""
        bound = {**meant.model_dump(), "organization_id": organization_id, "limit": limit}
        place = {"after_at": after[0] if after else None, "after_id": after[1] if after else None}
        return [Settlement(**row) for row in (await self._session.execute(_NEWEST, {**bound, **place})).mappings()]

    async def items(
        self, meant: ItemFilter, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Item]:
        """By day. after: (day, id) of the last one seen."""
        bound = {**meant.model_dump(), "organization_id": organization_id, "limit": limit}
        place = {"after_day": after[0] if after else None, "after_id": after[1] if after else None}
        return [Item(**row) for row in (await self._session.execute(_ITEMS, {**bound, **place})).mappings()]

    async def about(self, named: str, payment_ids: Sequence[UUID], organization_id: UUID | None, *, limit: int) -> Sequence[Item]:
        """Items of these payments, and those that an id of a gateway's or a bank's reference names."""
        bound = {"named": named, "payment_ids": list(payment_ids), "organization_id": organization_id, "limit": limit}
        return [Item(**row) for row in (await self._session.execute(_ABOUT, bound)).mappings()]
