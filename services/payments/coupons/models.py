"""Coupons as the database holds them; see the migration for what each column says."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.money.models import Minor
from shared.runtime.db import Model


class Coupon(Model):
    """A percentage or an amount off the price before tax; one of `percent_bp` and `amount_minor` is given.

    valid_until: no use at or after this moment. uses: by orders that were placed and not cancelled.
    """

    __tablename__ = "coupons"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    code: Mapped[str]
    percent_bp: Mapped[int | None]
    amount_minor: Mapped[Minor | None]
    minimum_minor: Mapped[Minor]
    currency: Mapped[str | None]
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    max_uses: Mapped[int | None]
    max_uses_per_customer: Mapped[int | None]
    uses: Mapped[int]
    active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
