"""What payment gateways say, in one vocabulary for all of them.

A fact is a snapshot: what the gateway held at a moment. Facts arrive late, twice and in any order (calls, webhooks and reports
tell the same), so whoever applies them compares and never counts. Amounts are integers in minor units of `currency`. No fact
has room for a card number: gateways keep those, and we keep tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from services.payments.gateways.declines import Decline


class PaymentStatus(StrEnum):
    """Where a payment stands at its gateway.

    created: begun, no outcome yet; some banks leave it so for days. requires_action: the customer has to prove who they are.
    authorized: the money is held for us, and goes back by itself where we do not capture it in time. captured: it is ours.
    failed: with Razorpay for three days not the last word, because a bank's late yes turns it into authorized or captured.
    cancelled: an authorization that was given up, by us or by its time. refunded: all of what was captured has gone back; what
    has gone back in part stays captured.
    """

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class OrderStatus(StrEnum):
    """created: nobody has tried to pay it. attempted: tried and not paid. paid: for good, refunds do not change it."""

    CREATED = "created"
    ATTEMPTED = "attempted"
    PAID = "paid"


class RefundStatus(StrEnum):
    """pending: taken. processed: the money has left. failed: it stays with us, and the customer needs another way."""

    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"


class TokenStatus(StrEnum):
    """Of a stored method, for charges without the customer. initiated: the bank has not confirmed the mandate yet. confirmed:
    may be charged. The others may not: rejected by the bank, paused or cancelled by the customer, expired."""

    INITIATED = "initiated"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NoticeStatus(StrEnum):
    """Of the notice that precedes a debit. created: on its way. delivered: the time before the debit has begun. failed: the
    debit may not be made; it needs another order with another notice."""

    CREATED = "created"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """open: evidence is wanted until `respond_by`. under_review: it was handed in. won, lost: decided; what has ended with the
    money back is won. closed: without a decision of the bank, the money stays where it is, which is with us unless some was
    deducted."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NoticeFact:
    """What the customer was told of a debit to come. charge_after: not before that; None where the gateway counts from the
    delivery."""

    gateway: str
    notice_id: str
    order_id: str
    token_id: str
    status: NoticeStatus
    charge_after: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderFact:
    """What is to be paid, under which payments are tried. With Stripe it is the PaymentIntent, whose id its payment shares.

    receipt: ours, unique per attempt; None where the gateway has none. client_secret: with which a Stripe page confirms it.
    notice: that of the debit for which it was made.
    """

    gateway: str
    order_id: str
    receipt: str | None
    status: OrderStatus
    amount_minor: int
    currency: str
    paid_minor: int
    attempts: int
    occurred_at: datetime
    client_secret: str | None = field(default=None, repr=False)
    notice: NoticeFact | None = None


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One payment.

    receipt: ours, where the gateway tells it with the payment; else it is that of its order. captured_minor: of what was
    captured, refunds not deducted. fee_minor: what the gateway keeps, tax_minor (its GST) included; None until it is known.
    method: in the gateway's words (`card`, `upi`, `netbanking`, `wallet`, `cash`, …). bank: issuer or network. reference: the
    bank's (RRN, ARN, cheque number). decline: why it failed, or what it waits for. occurred_at: the time of the event that told
    it, else when the payment was begun. action_url: where the customer proves who they are. is_international: its card is of
    another country, so that it settles later.
    """

    gateway: str
    payment_id: str
    order_id: str | None
    receipt: str | None
    status: PaymentStatus
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    occurred_at: datetime
    fee_minor: int | None = None
    tax_minor: int | None = None
    method: str | None = None
    bank: str | None = None
    reference: str | None = None
    customer_id: str | None = None
    token_id: str | None = None
    decline: Decline | None = None
    action_url: str | None = field(default=None, repr=False)
    is_international: bool = False


@dataclass(frozen=True, slots=True)
class RefundFact:
    """One refund. receipt: ours. reference: the bank's (ARN), by which a customer's bank finds it."""

    gateway: str
    refund_id: str
    payment_id: str
    receipt: str | None
    status: RefundStatus
    amount_minor: int
    currency: str
    occurred_at: datetime
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """A customer as the gateway knows them: only the id that stands for them there."""

    gateway: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class TokenFact:
    """A stored payment method. last4, network: what may be shown of it. max_minor: the most that one charge may take under its
    mandate."""

    gateway: str
    token_id: str
    customer_id: str | None
    status: TokenStatus
    method: str
    network: str | None = None
    last4: str | None = None
    max_minor: int | None = None
    expires_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SettlementFact:
    """Money on its way to our bank account. status: in the gateway's words; Razorpay's `failed` is tried again. utr: the bank's
    reference; None until the bank has given one. fee_minor includes tax_minor."""

    gateway: str
    settlement_id: str
    status: str
    amount_minor: int
    currency: str
    fee_minor: int
    tax_minor: int
    utr: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class SettlementItem:
    """One line of a gateway's report on a settlement.

    kind: payment, refund, transfer, adjustment, dispute, fee or, where it is another, the gateway's word. credit_minor,
    debit_minor: what it adds to and takes from the settlement; a payment's credit is amount - fee. fee_minor includes
    tax_minor. payment_id: what a refund or a dispute belongs to, too; None for most adjustments. posted_at: when it came onto
    the gateway's books.
    """

    gateway: str
    entity_id: str
    kind: str
    amount_minor: int
    currency: str
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    on_hold: bool
    settled: bool
    created_at: datetime
    settled_at: datetime | None
    posted_at: datetime | None
    settlement_id: str | None
    utr: str | None
    payment_id: str | None
    order_id: str | None
    order_receipt: str | None
    dispute_id: str | None
    method: str | None
    description: str | None
    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """A customer's bank wants money back. deducted_minor: what the gateway has already taken from us for it."""

    gateway: str
    dispute_id: str
    payment_id: str
    status: DisputeStatus
    amount_minor: int
    currency: str
    deducted_minor: int
    reason: str | None
    respond_by: datetime | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class DowntimeFact:
    """A bank, network or method that fails at present. method: as in PaymentFact. instrument: the bank or network, None for the
    whole method. severity: high, medium or low. ended_at: None while it lasts."""

    gateway: str
    downtime_id: str
    method: str
    instrument: str | None
    severity: str
    is_scheduled: bool
    began_at: datetime
    ended_at: datetime | None


Dated = TypeVar("Dated", OrderFact, PaymentFact, RefundFact)


def oldest_first(facts: Sequence[Dated]) -> list[Dated]:
    """Facts in the order in which they came to be. Gateways list the newest first, and tell times by the second."""
    return sorted(facts, key=lambda one: one.occurred_at, reverse=True)[::-1]


Fact = OrderFact | PaymentFact | RefundFact | TokenFact | NoticeFact | SettlementFact | DisputeFact | DowntimeFact
"""What an event can carry."""
