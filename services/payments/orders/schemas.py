"""Shapes of the orders API: what is asked for."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.payments.carts.schemas import Quantity
from services.payments.catalog.models import MAX_LINES, MAX_QUANTITY, Seen
from services.payments.catalog.schemas import Sku
from services.payments.coupons.schemas import CouponCode
from services.payments.customers.schemas import Address, StateCode
from services.payments.days import Day
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor
from services.payments.orders.new_orders import CartOrder, NewOrder, Wanted
from services.payments.texts import Reason, ShortText

LineNumber = Annotated[int, Field(strict=True, ge=1, le=100_000, examples=[1])]


class Delivery(BaseModel):
    """Where an order goes."""

    model_config = ConfigDict(extra="forbid")

    address: Address | None = None
    state_code: StateCode | None = Field(default=None, description="Decides about the tax; it goes with an address in India.")
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)


class LineIn(BaseModel):
    """A product to order."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: Quantity
    expected_unit_price_minor: NonNegativeMinor | None = Field(
        default=None, description="What the customer was shown. If it costs more by now than is tolerated, the order is refused."
    )

    @property
    def wanted(self) -> Wanted:
        """The same for the service."""
        price = self.expected_unit_price_minor
        return Wanted(self.sku, self.quantity, Seen(self.sku, price) if price is not None else None)


def _each_once(lines: list[LineIn]) -> list[LineIn]:
    if len({line.sku for line in lines}) != len(lines):
        raise ValueError("a product stands in two lines; add their quantities")
    return lines


Lines = Annotated[list[LineIn], Field(min_length=1, max_length=MAX_LINES), AfterValidator(_each_once)]
_EXAMPLE: Final[JsonDict] = {
    "customer_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "currency": "INR",
    "lines": [{"sku": "CHAIR-OAK-01", "quantity": 4}],
    "delivery": {"state_code": "27"},
}


class _Order(BaseModel):
    """What every order may say."""

    model_config = ConfigDict(extra="forbid")

    delivery: Delivery | None = Field(default=None, description="Default: the customer's address and state.")
    due_on: Day | None = Field(default=None, description="When the customer wants it.")

    @property
    def delivered_to(self) -> dict[str, Any] | None:
        """What it says of where it goes."""
        return None if self.delivery is None else self.delivery.model_dump(exclude_unset=True)


class QuoteIn(_Order):
    """Lines for a customer, to be priced."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    customer_id: UUID
    currency: CurrencyCode
    lines: Lines
    coupon_code: CouponCode | None = None

    def new(self, organization_id: UUID) -> NewOrder:
        """The same for the service."""
        return NewOrder(
            organization_id=organization_id,
            customer_id=self.customer_id,
            currency=self.currency,
            lines=[line.wanted for line in self.lines],
            coupon_code=self.coupon_code,
            delivery=self.delivered_to,
            due_on=self.due_on,
        )


class OrderIn(_Order):
    """An order of a cart, or of lines for a customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    cart_id: UUID | None = None
    cart_version: int | None = Field(default=None, strict=True, ge=1, description="The version that the customer saw.")
    customer_id: UUID | None = None
    currency: CurrencyCode | None = Field(default=None, description="Of an order of lines.")
    lines: Lines | None = None
    coupon_code: CouponCode | None = Field(default=None, description="Of an order of lines; a cart has its own.")
    draft: bool = Field(default=False, strict=True, description="A quotation, which is placed later.")

    @model_validator(mode="after")
    def is_of_one_kind(self) -> Self:
        """Either of a cart or of lines."""
        of_lines = (self.customer_id, self.lines, self.currency)
        if self.cart_id is None and any(part is None for part in of_lines):
            raise ValueError("give either cart_id, or customer_id, currency and lines")
        if self.cart_id is None and self.cart_version is not None:
            raise ValueError("cart_version goes with cart_id")
        if self.cart_id is not None and any(part is not None for part in (*of_lines, self.coupon_code)):
            raise ValueError("a cart has its customer, its currency, its lines and its coupon; leave them out")
        return self

    def new(self, organization_id: UUID) -> NewOrder | CartOrder:
        """The same for the service."""
        if self.cart_id is not None:
            return CartOrder(organization_id, self.cart_id, self.cart_version, self.delivered_to, self.due_on, draft=self.draft)
        assert self.customer_id is not None, "checked above"
        assert self.currency is not None, "checked above"
        return NewOrder(
            organization_id=organization_id,
            customer_id=self.customer_id,
            currency=self.currency,
            lines=[line.wanted for line in self.lines or ()],
            coupon_code=self.coupon_code,
            delivery=self.delivered_to,
            due_on=self.due_on,
            draft=self.draft,
        )


class DeltaIn(BaseModel):
    """How many more of a product, or with a minus how many fewer."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: int = Field(strict=True, ge=-MAX_QUANTITY, le=MAX_QUANTITY, examples=[-1])


class AmendmentIn(BaseModel):
    """What is to be different about an order."""

    model_config = ConfigDict(extra="forbid")

    lines: list[DeltaIn] = Field(min_length=1, max_length=MAX_LINES)
    reason: Reason = Field(examples=["the customer called"])

    @model_validator(mode="after")
    def changes_each_product_once(self) -> Self:
        """A delta of nothing is none."""
        if len({line.sku for line in self.lines}) != len(self.lines):
            raise ValueError("a product stands in two lines; add their quantities")
        if not all(line.quantity for line in self.lines):
            raise ValueError("a quantity of 0 changes nothing; leave the line out")
        return self


class PieceIn(BaseModel):
    """So many of a line."""

    model_config = ConfigDict(extra="forbid")

    number: LineNumber
    quantity: Quantity


class _Pieces(BaseModel):
    """Parts of lines."""

    model_config = ConfigDict(extra="forbid")

    lines: list[PieceIn] | None = Field(
        default=None, min_length=1, max_length=MAX_LINES, description="Default: all that is open."
    )

    @model_validator(mode="after")
    def names_each_line_once(self) -> Self:
        """A line stands once."""
        numbers = [piece.number for piece in self.lines or ()]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a line stands there twice; add its quantities")
        return self

    @property
    def quantities(self) -> dict[int, int] | None:
        """The same by line number; None for all that is open."""
        return None if self.lines is None else {piece.number: piece.quantity for piece in self.lines}


class FulfilmentIn(_Pieces):
    """What goes to the customer at once."""

    carrier: ShortText | None = Field(default=None, examples=["Delhivery"])
    tracking_number: ShortText | None = None
    tracking_url: str | None = Field(default=None, max_length=500, pattern=r"^https://[^\s\x00-\x1f]+$")

    @property
    def parcel(self) -> dict[str, Any]:
        """What is known of how it travels."""
        return self.model_dump(include={"carrier", "tracking_number", "tracking_url"})


class CancellationPreviewIn(_Pieces):
    """What is to be cancelled."""


class CancellationIn(_Pieces):
    """What is to be cancelled, and why."""

    reason: Reason = Field(examples=["the customer changed their mind"])


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None
