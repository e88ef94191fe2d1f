"""Refunds as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

RefundStatus = Literal["awaiting_approval", "requested", "pending", "processed", "failed", "rejected"]
NOT_GIVEN: Final[frozenset[RefundStatus]] = frozenset({"failed", "rejected"})


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that is to go back, or has gone. Its id is its receipt at the gateway.

    from_credit: it gives back what the customer had to their credit, and not what an order had received.
    """

    id: UUID
    organization_id: UUID
    payment_id: UUID
    order_id: UUID | None
    plan_id: UUID | None
    gateway: str
    account: str
    gateway_payment_id: str | None
    gateway_refund_id: str | None
    amount_minor: int
    currency: str
    from_credit: bool
    status: RefundStatus
    reason: str
    failure: str | None
    reference: str | None
    requested_by: str
    approved_by: str | None
    requested_at: datetime
    updated_at: datetime
    processed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class HeldRefund:
    """What a gateway holds of a refund. refund_id: ours, once it is known. payment_id: ours."""

    gateway: str
    account: str
    gateway_refund_id: str
    gateway_payment_id: str
    receipt: str | None
    rank: int
    amount_minor: int
    currency: str
    reference: str | None
    processed_at: datetime | None
    first_seen_at: datetime
    refund_id: UUID | None
    payment_id: UUID


@dataclass(frozen=True, slots=True)
class ToCome:
    """What cancellations of an order give back and nobody has asked a gateway for.

    planned_minor: of plans that have not begun. waiting_minor: of others, which wait for a bank. left_minor: what of the order's
    money is not given back, all of that included.
    """

    planned_minor: int
    waiting_minor: int
    left_minor: int
