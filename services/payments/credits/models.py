"""What customers have to their credit: entries that are never changed, and their sum."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

CreditKind = Literal["grant", "apply", "expire", "refund", "refund_failed"]


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """amount_minor: grants and refunds that failed are positive, all else negative. source, source_id: what it follows from; with
    the kind it is there once."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    currency: str
    kind: CreditKind
    amount_minor: int
    source: str
    source_id: UUID
    order_id: UUID | None
    invoice_id: UUID | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """What a customer has in one currency."""

    currency: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class CreditUse:
    """What of a customer's credit an order was paid with. left_minor: that was not given back."""

    organization_id: UUID
    customer_id: UUID
    currency: str
    left_minor: int
