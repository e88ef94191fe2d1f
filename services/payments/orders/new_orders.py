"""What somebody orders, before it is an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.catalog.models import Seen


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of a product. seen: what the customer was shown of it, None where they take it as it is."""

    sku: str
    quantity: int
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What somebody orders. delivery: where it goes, as the API has it; None for the customer's address.

    draft: a quotation. The order of a subscription's period is made once, and neither expires nor reminds of itself.
    """

    organization_id: UUID
    customer_id: UUID
    currency: str
    lines: Sequence[Wanted]
    coupon_code: str | None = None
    delivery: Mapping[str, Any] | None = None
    due_on: date | None = None
    draft: bool = False
    subscription_id: UUID | None = None
    period_start: date | None = None


@dataclass(frozen=True, slots=True)
class CartOrder:
    """The order of a cart, which says the rest. version: the one that the customer has seen, None for whatever it is."""

    organization_id: UUID
    cart_id: UUID
    version: int | None = None
    delivery: Mapping[str, Any] | None = None
    due_on: date | None = None
    draft: bool = False
