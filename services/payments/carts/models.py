"""Carts as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.catalog.models import Seen
from services.payments.money.models import Minor
from shared.runtime.db import Model

CartStatus = Literal["active", "locked", "converted", "merged"]
SUBJECT: Final = "payments.cart:{}"


class Cart(Model):
    """What somebody is about to order. `locked_until` ends a lock by itself, whatever the status says."""

    __tablename__ = "carts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[CartStatus] = mapped_column(Text)
    currency: Mapped[str]
    coupon_id: Mapped[UUID | None]
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merged_into: Mapped[UUID | None]
    abandoned_step: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    def is_locked(self, at: datetime) -> bool:
        """Whether somebody is paying for it at that moment."""
        return self.locked_until is not None and self.locked_until > at


class CartItem(Model):
    """A product in a cart, with the price that the customer has seen."""

    __tablename__ = "cart_items"

    cart_id: Mapped[UUID] = mapped_column(ForeignKey("carts.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[Minor]
    tax_rate_bp: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def seen(self) -> Seen:
        """What the customer was shown of it."""
        return Seen(self.sku, self.unit_price_minor, self.tax_rate_bp)


@dataclass(frozen=True, slots=True)
class CartKey:
    """Which cart is meant: by its id and whose it may be, None being anybody's, or by the secret of an anonymous one."""

    cart_id: UUID | None = None
    organization_id: UUID | None = None
    secret_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A cart whose customer is to be reminded for the `step`th time."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    version: int
    step: int
    items: int
    subtotal_minor: int
    currency: str
