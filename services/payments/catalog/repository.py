"""Statements on products."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.payments.catalog.models import Product, ProductVersion
from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = ("name", "hsn_sac", "unit_price_minor", "currency", "tax_rate_bp", "capability", "lead_time_days", "active")

# xmax is 0 in a row that this statement has inserted.
_UPSERT: Final = text("""
    WITH written AS (
        INSERT INTO products AS known (organization_id, sku, name, hsn_sac, unit_price_minor, currency, tax_rate_bp, capability,
                                       lead_time_days, active, updated_at, updated_by)
        SELECT CAST(:organization_id AS uuid), row.*, CAST(:now AS timestamptz), CAST(:by AS text)
          FROM unnest(CAST(:sku AS text[]), CAST(:name AS text[]), CAST(:hsn_sac AS text[]), CAST(:unit_price_minor AS bigint[]),
                      CAST(:currency AS text[]), CAST(:tax_rate_bp AS integer[]), CAST(:capability AS text[]),
                      CAST(:lead_time_days AS integer[]), CAST(:active AS boolean[])) AS row
         ORDER BY 2
        ON CONFLICT (organization_id, sku) DO UPDATE SET
               name = excluded.name, hsn_sac = excluded.hsn_sac, unit_price_minor = excluded.unit_price_minor,
               tax_rate_bp = excluded.tax_rate_bp, capability = excluded.capability, lead_time_days = excluded.lead_time_days,
               active = excluded.active, version = known.version + 1, updated_at = excluded.updated_at,
               updated_by = excluded.updated_by
         WHERE known.currency = excluded.currency
           AND (known.name, known.hsn_sac, known.unit_price_minor, known.tax_rate_bp, known.capability, known.lead_time_days,
                known.active) IS DISTINCT FROM
               (excluded.name, excluded.hsn_sac, excluded.unit_price_minor, excluded.tax_rate_bp, excluded.capability,
                excluded.lead_time_days, excluded.active)
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new) AS created, count(*) FILTER (WHERE NOT is_new) AS updated FROM written
""")

# One statement however many SKUs are asked for, so that the database knows it already.
_BY_SKU: Final = (
    select(Product)
    .where(
        Product.organization_id == bindparam("organization_id"),
        Product.sku == any_(bindparam("skus", type_=ARRAY(String))),
    )
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many products a file has created and changed."""

    created: int
    updated: int


class ProductReader:
    """What is read of an organization's products."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID, sku: str, *, lock: bool = False) -> Product | None:
        """One product; with `lock` held as it is until the unit of work ends."""
        query = select(Product).where(Product.organization_id == organization_id, Product.sku == sku)
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def by_sku(self, organization_id: UUID, skus: Sequence[str]) -> dict[str, Product]:
        """Those of these products that there are."""
        found = await self._session.scalars(_BY_SKU, {"organization_id": organization_id, "skus": list(skus)})
        return {product.sku: product for product in found}

    async def listed(self, organization_id: UUID, *, active: bool | None, after: str | None, limit: int) -> Sequence[Product]:
        """By SKU, beginning after the one that `after` names."""
        query = select(Product).where(Product.organization_id == organization_id).order_by(Product.sku).limit(limit)
        if active is not None:
            query = query.where(Product.active.is_(active))
        if after is not None:
            query = query.where(Product.sku > after)
        return (await self._session.scalars(query)).all()

    async def versions(self, organization_id: UUID, sku: str, *, before: int | None, limit: int) -> Sequence[ProductVersion]:
        """What the product was, the newest first, from before version `before` on."""
        query = select(ProductVersion).where(ProductVersion.organization_id == organization_id, ProductVersion.sku == sku)
        if before is not None:
            query = query.where(ProductVersion.version < before)
        return (await self._session.scalars(query.order_by(ProductVersion.version.desc()).limit(limit))).all()


class ProductRepository(ProductReader):
    """What is written of them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: dict[str, Any], *, now: datetime, by: str) -> Product | None:
        """Write a new product; None where its SKU is taken."""
        row = values | {"version": 1, "updated_at": now, "updated_by": by}
        created = insert(Product).values(**row).on_conflict_do_nothing().returning(Product)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, product: Product, values: dict[str, Any], *, now: datetime, by: str) -> Product:
        """Write a change under the next version."""
        changed = (
            update(Product)
            .where(Product.organization_id == product.organization_id, Product.sku == product.sku)
            .values(**values, version=Product.version + 1, updated_at=now, updated_by=by)
            .returning(Product)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def upsert(self, organization_id: UUID, rows: Sequence[dict[str, Any]], *, now: datetime, by: str) -> Upserted:
        """Bring products to what a file says of them, in one statement; each SKU stands once. A currency is never changed."""
        columns = {name: [row[name] for row in rows] for name in ("sku", *_COLUMNS)}
        bound = {"organization_id": organization_id, "now": now, "by": by, **columns}
        created, updated = (await self._writing.execute(_UPSERT, bound)).one()
        return Upserted(created, updated)
