"""Statements that keep what gateways' reports say, and what was posted for it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import text

from services.payments.reconciliation.models import HOUSE, Run
from services.payments.settlements.models import Difference, ItemNews, Posted, SettlementNews, Unposted
from shared.runtime.db import Session

_COLUMN_TYPES: Final[dict[Any, str]] = {bool: "boolean", int: "bigint", UUID: "uuid", datetime: "timestamptz"}
_TYPES: Final = {
    one.name: _COLUMN_TYPES.get(get_args(one.type)[0] if get_args(one.type) else one.type, "text") for one in fields(ItemNews)
}
_NAMES: Final = ", ".join(_TYPES)
_ARRAYS: Final = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
_VALUES: Final = ", ".join(f"CAST({name} AS jsonb)" if name == "notes" else name for name in _TYPES)
_FIGURES: Final = ("amount_minor", "currency", "credit_minor", "debit_minor", "fee_minor", "tax_minor", "on_hold", "settled")
# A bank's reference that was known stays known: reports of later days are not always complete.
_PUT_ITEMS: Final = text(f"""
    INSERT INTO recon_items AS known (run_id, gateway, account, day, first_seen_at, {_NAMES})
    SELECT :run_id, :gateway, :account, :day, :at, {_VALUES} FROM unnest({_ARRAYS}) AS row({_NAMES})
     ORDER BY entity_id, kind, settlement_id
    ON CONFLICT (gateway, account, entity_id, kind, settlement_id) DO UPDATE SET
           run_id = excluded.run_id, day = excluded.day, utr = coalesce(excluded.utr, known.utr), notes = excluded.notes,
           description = excluded.description, settled_at = excluded.settled_at, posted_at = excluded.posted_at,
           payment_ref = excluded.payment_ref, order_ref = excluded.order_ref, dispute_ref = excluded.dispute_ref,
           {", ".join(f"{name} = excluded.{name}" for name in _FIGURES)},
           needs_posting = known.needs_posting
               OR ({", ".join(f"known.{name}" for name in _FIGURES)}) IS DISTINCT FROM
                  ({", ".join(f"excluded.{name}" for name in _FIGURES)})
""")  # noqa: S608 - put together from constants of this module; values are bound
_PUT_SETTLEMENTS: Final = text("""
    INSERT INTO settlements AS known (id, gateway, account, organization_id, settlement_id, status, amount_minor, currency,
                                      fee_minor, tax_minor, utr, day, occurred_at, updated_at)
    SELECT row.id, :gateway, :account, CAST(:organization_id AS uuid), row.settlement_id, status, amount_minor, currency,
           fee_minor, tax_minor, utr, coalesce((SELECT min(day) FROM recon_items AS item
                                      WHERE (item.gateway, item.account, item.settlement_id)
                                            = (:gateway, :account, row.settlement_id)),
                                    CAST(occurred_at AT TIME ZONE :zone AS date)),
           occurred_at, :at
      FROM unnest(CAST(:id AS uuid[]), CAST(:settlement_id AS text[]), CAST(:status AS text[]), CAST(:amount_minor AS bigint[]),
                  CAST(:currency AS text[]), CAST(:fee_minor AS bigint[]), CAST(:tax_minor AS bigint[]), CAST(:utr AS text[]),
                  CAST(:occurred_at AS timestamptz[]))
           AS row(id, settlement_id, status, amount_minor, currency, fee_minor, tax_minor, utr, occurred_at)
     ORDER BY row.settlement_id
    ON CONFLICT (gateway, account, settlement_id) DO UPDATE SET
           status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency,
           fee_minor = excluded.fee_minor, tax_minor = excluded.tax_minor, utr = coalesce(excluded.utr, known.utr),
           updated_at = excluded.updated_at
""")

# Nothing gets to the bank's account in our books that no bank's reference proves.
_UNPOSTED: Final = text("""
    SELECT item.id, coalesce(item.organization_id, CAST(:organization_id AS uuid), :house) AS organization_id, item.gateway,
           item.entity_id, item.kind, coalesce(item.settled_at, item.created_at) AS settled_at,
           item.credit_minor - item.debit_minor AS net_minor,
           coalesce(settlements.currency, item.currency) AS settlement_currency, item.books_minor,
           coalesce(item.books_currency, item.currency) AS books_currency, item.books_fee_minor AS fee_minor,
           item.books_tax_minor AS tax_minor, item.posting_number AS number, item.posting_digest AS digest
      FROM recon_items AS item LEFT JOIN settlements
        ON (settlements.gateway, settlements.account, settlements.settlement_id)
           = (item.gateway, item.account, item.settlement_id)
     WHERE (item.gateway, item.account) = (:gateway, :account) AND item.needs_posting AND item.settled AND item.utr IS NOT NULL
       AND item.class <> 'new'
     ORDER BY item.id LIMIT :limit FOR UPDATE OF item
""")
_POSTED: Final = text("""
    UPDATE recon_items SET needs_posting = false, posting_number = row.number, posting_digest = row.digest
      FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[]), CAST(:digests AS text[])) AS row(id, number, digest)
     WHERE recon_items.id = row.id
""")
_DIFFERENCES: Final = text("""
    SELECT id, coalesce(organization_id, :house) AS organization_id, settlement_id, currency, occurred_at, difference_minor,
           posting_number AS number, posted_minor
      FROM settlements
     WHERE (gateway, account) = (:gateway, :account) AND difference_minor <> posted_minor AND utr IS NOT NULL
     ORDER BY id LIMIT :limit FOR UPDATE
""")
_DIFFERENCES_POSTED: Final = text("""
    UPDATE settlements SET posting_number = row.number, posted_minor = difference_minor
      FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[])) AS row(id, number) WHERE settlements.id = row.id
""")


class SettlementRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put_items(self, run: Run, day: date, items: Sequence[ItemNews], at: datetime) -> None:
        """Keep lines of a day's report."""
        if items:
            shared = {"run_id": run.id, "gateway": run.gateway, "account": run.account, "day": day, "at": at}
            await self._session.execute(_PUT_ITEMS, {**shared, **_columns(ItemNews, items)})

    async def put(self, run: Run, settlements: Sequence[SettlementNews], zone: str, at: datetime) -> None:
        """Keep what a gateway says of settlements. zone: of its days."""
        if settlements:
            shared = {**_account(run), "organization_id": run.organization_id, "zone": zone, "at": at}
            await self._session.execute(_PUT_SETTLEMENTS, {**shared, **_columns(SettlementNews, settlements)})

    async def unposted(self, run: Run, limit: int) -> list[Unposted]:
        """Items of the account whose posting is missing, or is not what it should be, held until the unit of work ends."""
        bound = {**_account(run), "organization_id": run.organization_id, "house": HOUSE, "limit": limit}
        return [Unposted(**row) for row in (await self._session.execute(_UNPOSTED, bound)).mappings()]

    async def posted(self, items: Sequence[Posted]) -> None:
        """Write down what was posted of items."""
        if items:
            columns = {f"{field.name}s": [getattr(one, field.name) for one in items] for field in fields(Posted)}
            await self._session.execute(_POSTED, columns)

    async def differences(self, run: Run, limit: int) -> list[Difference]:
        """Settlements of the account whose difference is not posted as it is, held until the unit of work ends."""
        bound = {**_account(run), "house": HOUSE, "limit": limit}
        return [Difference(**row) for row in (await self._session.execute(_DIFFERENCES, bound)).mappings()]

    async def differences_posted(self, found: Sequence[Posted]) -> None:
        """Write down what was posted of differences."""
        if found:
            bound = {"ids": [one.id for one in found], "numbers": [one.number for one in found]}
            await self._session.execute(_DIFFERENCES_POSTED, bound)


def _account(run: Run) -> dict[str, Any]:
    return {"gateway": run.gateway, "account": run.account}


def _columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(kind)}
