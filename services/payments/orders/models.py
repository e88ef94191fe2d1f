"""Orders as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, FetchedValue, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.money.models import Minor
from shared.runtime.db import Model

OrderStatus = Literal[
    "draft", "placed", "partially_paid", "paid", "in_production", "partially_fulfilled", "fulfilled", "cancelled"
]
PaymentStatus = Literal["unpaid", "processing", "partially_paid", "paid", "partially_refunded", "refunded"]
SupplyKind = Literal["domestic", "export_with_lut", "export_without_lut", "untaxed"]
SYSTEM: Final = "system:payments"
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the tax and the rounding of an order follow from. The states are None for a seller who charges no GST."""

    currency: str
    supply_kind: SupplyKind
    supplier_state: str | None
    place_of_supply: str | None
    round_to_minor: int


class Order(Model):
    """An order. The database works out `payment_status` and `due_minor`, and writes each change under its version."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    number: Mapped[str]
    status: Mapped[OrderStatus] = mapped_column(Text)
    payment_status: Mapped[PaymentStatus] = mapped_column(Text, FetchedValue(), FetchedValue(for_update=True))
    currency: Mapped[str]
    subtotal_minor: Mapped[Minor]
    discount_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    round_off_minor: Mapped[Minor]
    total_minor: Mapped[Minor]
    cancelled_minor: Mapped[Minor]
    paid_minor: Mapped[Minor]
    released_minor: Mapped[Minor]
    refunded_minor: Mapped[Minor]
    due_minor: Mapped[Minor] = mapped_column(FetchedValue(), FetchedValue(for_update=True))
    legal_entity_id: Mapped[UUID | None]
    in_payment_since: Mapped[datetime | None] = mapped_column(_MOMENT)
    supply_kind: Mapped[SupplyKind] = mapped_column(Text)
    supplier_state: Mapped[str | None]
    place_of_supply: Mapped[str | None]
    round_to_minor: Mapped[Minor]
    delivery: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_on: Mapped[date | None]
    placed_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    pay_until: Mapped[datetime | None] = mapped_column(_MOMENT)
    cart_id: Mapped[UUID | None]
    coupon_id: Mapped[UUID | None]
    coupon_held: Mapped[bool]
    subscription_id: Mapped[UUID | None]
    period_start: Mapped[date | None]
    remind_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    reminders: Mapped[int]
    cancelled_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    changed_by: Mapped[str]
    change_reason: Mapped[str | None]
    change_details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    @property
    def held_minor(self) -> int:
        """What is paid for what is still ordered."""
        return self.paid_minor - self.released_minor

    @property
    def terms(self) -> Terms:
        """What its tax follows from."""
        return Terms(self.currency, self.supply_kind, self.supplier_state, self.place_of_supply, self.round_to_minor)


class OrderLine(Model):
    """One product of an order, at the price and the tax at which it was ordered."""

    __tablename__ = "order_lines"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    name: Mapped[str]
    hsn_sac: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[Minor]
    discount_minor: Mapped[Minor]
    tax_rate_bp: Mapped[int]
    taxable_minor: Mapped[Minor]
    cgst_minor: Mapped[Minor]
    sgst_minor: Mapped[Minor]
    utgst_minor: Mapped[Minor]
    igst_minor: Mapped[Minor]
    total_minor: Mapped[Minor]
    capability: Mapped[str | None]
    fulfilled_quantity: Mapped[int]
    cancelled_quantity: Mapped[int]

    @property
    def open_quantity(self) -> int:
        """What has still to be delivered."""
        return self.quantity - self.fulfilled_quantity - self.cancelled_quantity


class OrderChange(Model):
    """What happened to an order, by whom and why. `number` is the version that it led to."""

    __tablename__ = "order_changes"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(_MOMENT)


class Fulfilment(Model):
    """A parcel, or whatever else went to the customer at once. lines: number and quantity of each."""

    __tablename__ = "order_fulfilments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    lines: Mapped[list[dict[str, int]]] = mapped_column(JSONB)
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None]
    tracking_url: Mapped[str | None]
    fulfilled_at: Mapped[datetime] = mapped_column(_MOMENT)
    fulfilled_by: Mapped[str]


class RefundPlan(Model):
    """What a cancellation gives back. Whoever moves the money sets the status, and tells the order in the same unit of work."""

    __tablename__ = "refund_plans"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    order_version: Mapped[int]
    currency: Mapped[str]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    round_off_minor: Mapped[Minor]
    cancelled_minor: Mapped[Minor]
    refund_minor: Mapped[Minor]
    status: Mapped[Literal["planned", "executing", "executed", "failed"]] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    created_by: Mapped[str]


USUAL_PRICE_TOLERANCE_BP: Final = 0
USUAL_PAY_WITHIN_H: Final = 72


class OrderSettings(Model):
    """On what terms an organization sells."""

    __tablename__ = "order_settings"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    price_tolerance_bp: Mapped[int]
    pay_within_h: Mapped[int]
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Seller:
    """What an order has to know of the organization that sells.

    legal_entity_id: who will invoice the order. state_code: where that one is registered for GST, None for one that charges
    none. has_lut: exports go out without tax.

    round_to_minor: what totals in rupees are rounded to. price_tolerance_bp: by how much a price may have risen since it was
    seen, and still be honoured. pay_within: how long an order waits for its money.
    """

    legal_entity_id: UUID
    state_code: str | None
    has_lut: bool
    round_to_minor: int
    price_tolerance_bp: int
    pay_within: timedelta


@dataclass(frozen=True, slots=True)
class AcceptedLines:
    """Lines of an order, by number, that a manufacturer has accepted to make by one offer."""

    offer_id: UUID
    manufacturer_id: UUID
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bought:
    """A product at the price at which it is bought, before any discount."""

    number: int
    sku: str
    name: str
    hsn_sac: str
    capability: str | None
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int


@dataclass(frozen=True, slots=True)
class PricedLine(Bought):
    """The same with what it comes to."""

    discount_minor: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Priced:
    """What an order comes to: total = subtotal - discount + tax + round-off."""

    lines: tuple[PricedLine, ...]
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes an order, when and why. details: what the columns of the order do not say, such as lines."""

    by: str
    at: datetime
    reason: str | None = None
    details: dict[str, Any] | None = None
