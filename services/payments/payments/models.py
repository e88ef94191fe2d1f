"""Payments as the database holds them; see the migration for what each column says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

PaymentStatus = Literal[
    "created",
    "processing",
    "requires_action",
    "authorized",
    "captured",
    "partially_refunded",
    "refunded",
    "disputed",
    "failed",
    "expired",
    "cancelled",
    "unknown",
]
OPEN: Final[frozenset[PaymentStatus]] = frozenset({"created", "processing", "requires_action", "authorized", "unknown"})
"""While a payment is one of these, nobody else may pay the same."""
PAID: Final[frozenset[PaymentStatus]] = frozenset({"captured", "partially_refunded", "refunded", "disputed"})
ENDED: Final[frozenset[PaymentStatus]] = frozenset({"failed", "expired", "cancelled"})
OFFLINE: Final = "offline"
"""In the place of a gateway: cash, bank transfers and cheques that a person has counted."""
SYSTEM: Final = "system:payments"


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount that is to be collected for an order, an invoice or a subscription's period, however many tries it takes.

    gateway, account: `offline` for both where a person has counted the money. is_charging: a message is at its charge, or comes
    back to it by itself. later_declines, technical_declines: failures that were dealt with of what may pass in days, and at once.
    decline_delay_s: the least that has to pass before the next try.
    """

    id: UUID
    organization_id: UUID
    customer_id: UUID | None
    order_id: UUID | None
    invoice_id: UUID | None
    subscription_id: UUID | None
    period_start: date | None
    gateway: str
    account: str
    payment_method_id: UUID | None
    method: str | None
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    disputed_minor: int
    status: PaymentStatus
    is_open: bool
    is_live: bool
    gateway_order_id: str | None
    gateway_payment_id: str | None
    client_secret: str | None
    action_url: str | None
    decline_code: str | None
    decline_reason: str | None
    decline_kind: str | None
    decline_delay_s: int | None
    failure: str | None
    next_action: str | None
    tries: int
    handled_tries: int
    later_declines: int
    technical_declines: int
    is_charging: bool
    next_attempt_at: datetime | None
    unknown_since: datetime | None
    check_at: datetime | None
    checks: int
    late_until: datetime | None
    authorized_at: datetime | None
    captured_at: datetime | None
    expires_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment that is to be. is_open: False for one that is over as it is written, such as cash."""

    id: UUID
    organization_id: UUID
    customer_id: UUID | None
    order_id: UUID | None
    invoice_id: UUID | None
    subscription_id: UUID | None
    period_start: date | None
    gateway: str
    account: str
    payment_method_id: UUID | None
    currency: str
    amount_minor: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """A line of a payment's history. before, after: the columns that changed."""

    number: int
    from_status: str | None
    to_status: str
    actor: str
    reason: str | None
    reference: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What a gateway holds of a payment, merged from all that it has said; one of several tries.

    rank: how far it has come, see `ranks.py`. counted_as: how its money was booked, None while it has brought none.
    """

    id: UUID
    payment_id: UUID
    gateway_payment_id: str
    rank: int
    amount_minor: int
    currency: str
    captured_minor: int
    method: str | None
    action_url: str | None
    decline: dict[str, Any] | None
    authorized_at: datetime | None
    captured_at: datetime | None
    failed_at: datetime | None
    first_seen_at: datetime
    counted_as: str | None


@dataclass(frozen=True, slots=True)
class Around:
    """What else of a payment decides its state. started, unknown: tries whose end is open. last_end: how the newest one ended.
    refunded_minor: of refunds that have left. disputed_minor: of disputes in the payment's currency that are open or lost.
    taken, given_up: authorizations, by the gateway's id, that somebody has begun to take, and that were given up; one that is
    wanted again is not given up."""

    payment_id: UUID
    started: int
    unknown: int
    last_end: str | None
    refunded_minor: int
    disputed_minor: int
    taken: Collection[str]
    given_up: Collection[str]


@dataclass(frozen=True, slots=True)
class State:
    """Where a payment is to be moved to."""

    status: PaymentStatus
    captured_minor: int
    refunded_minor: int
    disputed_minor: int
    gateway_payment_id: str | None
    method: str | None
    action_url: str | None
    decline_code: str | None
    decline_reason: str | None
    decline_kind: str | None
    decline_delay_s: int | None
    failure: str | None
    next_action: str | None
    late_until: datetime | None
    authorized_at: datetime | None
    captured_at: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """By what a fact can be told whose it is. receipt: an attempt or a refund of ours."""

    gateway: str
    account: str
    order_id: str | None
    payment_id: str | None
    receipt: UUID | None


@dataclass(frozen=True, slots=True)
class OrderNews:
    """The gateway's order of an attempt of ours. account: that tells of it."""

    gateway: str
    account: str
    receipt: UUID
    order_id: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """What a gateway says of a payment, as it is merged. decline: as JSON with sorted keys."""

    id: UUID
    gateway: str
    account: str
    gateway_payment_id: str
    gateway_order_id: str | None
    receipt: str | None
    rank: int
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    fee_minor: int | None
    tax_minor: int | None
    method: str | None
    bank: str | None
    reference: str | None
    token: str | None
    action_url: str | None
    decline: str | None
    is_international: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class RefundNews:
    """What a gateway says of a refund, as it is merged."""

    gateway: str
    account: str
    gateway_refund_id: str
    gateway_payment_id: str
    receipt: str | None
    rank: int
    amount_minor: int
    currency: str
    reference: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """What a gateway says of a dispute, as it is merged."""

    id: UUID
    gateway: str
    account: str
    gateway_dispute_id: str
    gateway_payment_id: str
    rank: int
    amount_minor: int
    deducted_minor: int
    currency: str
    reason: str | None
    respond_by: datetime | None
    at: datetime
