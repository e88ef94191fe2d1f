"""Statements on how organizations sell."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.payments.orders.models import USUAL_PAY_WITHIN_H, USUAL_PRICE_TOLERANCE_BP, OrderSettings, Seller
from shared.runtime.db import ReadSession, Session

_SELLER: Final = text("""
    SELECT entity.id, CASE WHEN gstin IS NOT NULL THEN state_code END AS registered_in, lut_reference IS NOT NULL AS has_lut,
           round_to_minor, coalesce(price_tolerance_bp, :usual_tolerance_bp) AS price_tolerance_bp,
           coalesce(pay_within_h, :usual_pay_within_h) AS pay_within_h
      FROM legal_entities AS entity LEFT JOIN order_settings USING (organization_id)
     WHERE organization_id = :id AND is_default
""")


class OrderSettingsReader:
    """What is read of them."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID, *, lock: bool = False) -> OrderSettings | None:
        """An organization's; with `lock` held until the unit of work ends."""
        query = select(OrderSettings).where(OrderSettings.organization_id == organization_id)
        query = query.with_for_update() if lock else query
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def seller(self, organization_id: UUID) -> Seller | None:
        """An organization as its default legal entity describes it, with the settings that it has written or the usual ones."""
        usual = {"usual_tolerance_bp": USUAL_PRICE_TOLERANCE_BP, "usual_pay_within_h": USUAL_PAY_WITHIN_H}
        row = (await self._session.execute(_SELLER, {"id": organization_id, **usual})).one_or_none()
        if row is None:
            return None
        return Seller(
            legal_entity_id=row.id,
            state_code=row.registered_in,
            has_lut=row.has_lut,
            round_to_minor=row.round_to_minor,
            price_tolerance_bp=row.price_tolerance_bp,
            pay_within=timedelta(hours=row.pay_within_h),
        )


class OrderSettingsRepository(OrderSettingsReader):
    """What is written of them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def put(self, values: dict[str, Any], *, seen: int, by: str, at: datetime) -> OrderSettings | None:
        """Create or replace an organization's. seen: the version that is replaced, 0 for none; None where it is another."""
        stamp = {"updated_at": at, "updated_by": by}
        statement = insert(OrderSettings).values(**values, **stamp, version=1)
        put = statement.on_conflict_do_update(
            index_elements=["organization_id"],
            set_=values | stamp | {"version": OrderSettings.version + 1},
            where=OrderSettings.version == seen,
        ).returning(OrderSettings)
        return (await self._writing.scalars(put.execution_options(populate_existing=True))).one_or_none()
