"""What the API shows of settlements, their items, and traces."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.settlements.models import Item
from services.payments.settlements.tracing import Trace
from shared.contracts.message import UtcDatetime


class SettlementOut(BaseModel):
    """Money that a gateway has sent to the bank. settlement_id: the gateway's. utr: the bank's reference; null until it is there.

    Where several organizations are paid through one account, each sees its own share.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    gateway: str
    account: str
    settlement_id: str
    status: str
    amount_minor: int = Field(description="As the gateway says; of a share, what its items come to.")
    currency: str
    fee_minor: int
    tax_minor: int = Field(description="A part of the fee.")
    utr: str | None
    day: date = Field(description="In the account's time zone.")
    occurred_at: UtcDatetime
    difference_minor: int = Field(description="What it comes to above its items; 0 where they agree.")
    items: int
    credit_minor: int = Field(description="Of its items, and so are the next three.")
    debit_minor: int
    item_fee_minor: int
    item_tax_minor: int


class ItemOut(BaseModel):
    """A line of a gateway's report. entity_id: the gateway's payment, refund or adjustment. class: what it was found to be."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: UUID
    gateway: str
    account: str
    organization_id: UUID | None
    payment_id: UUID | None = Field(description="Ours.")
    order_id: UUID | None = Field(description="Ours.")
    entity_id: str
    kind: str
    settlement_id: str
    day: date
    amount_minor: int
    currency: str
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    on_hold: bool
    settled: bool
    utr: str | None
    receipt: str | None
    method: str | None
    description: str | None
    class_: str = Field(serialization_alias="class", examples=["matched"])
    books_minor: int = Field(description="What our books hold for it; below nothing for what goes back.")
    created_at: UtcDatetime
    settled_at: UtcDatetime | None


class TracedPayment(BaseModel):
    """A payment of ours."""

    id: UUID
    organization_id: UUID
    order_id: UUID | None
    order_number: str | None
    invoice_id: UUID | None
    gateway: str
    account: str
    status: str
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    gateway_order_id: str | None
    gateway_payment_id: str | None
    captured_at: UtcDatetime | None


class TracedRefund(BaseModel):
    """A refund of ours."""

    id: UUID
    payment_id: UUID
    gateway_refund_id: str | None
    amount_minor: int
    currency: str
    status: str
    processed_at: UtcDatetime | None


class TracedDispute(BaseModel):
    """A dispute about one of the payments."""

    id: UUID
    payment_id: UUID
    gateway_dispute_id: str
    amount_minor: int
    deducted_minor: int
    currency: str


class TracedSettlement(BaseModel):
    """A settlement in which one of the items is."""

    id: UUID
    settlement_id: str
    utr: str | None
    day: date
    status: str


class TracedCase(BaseModel):
    """A case about any of it."""

    id: UUID
    kind: str
    entity_id: str
    state: str
    payment_id: UUID | None


class TraceOut(BaseModel):
    """Order, payment and settlement that belong to an id."""

    payments: list[TracedPayment]
    refunds: list[TracedRefund]
    disputes: list[TracedDispute]
    items: list[ItemOut]
    settlements: list[TracedSettlement]
    cases: list[TracedCase]
    is_cut: bool = Field(description="There are more payments or items than are shown.")

    @classmethod
    def of(cls, trace: Trace) -> "TraceOut":
        """As it was found."""
        return cls(
            payments=[TracedPayment(**one) for one in trace.payments],
            refunds=[TracedRefund(**one) for one in trace.refunds],
            disputes=[TracedDispute(**one) for one in trace.disputes],
            items=[ItemOut.model_validate(one) for one in trace.items],
            settlements=[TracedSettlement(**one) for one in trace.settlements],
            cases=[TracedCase(**one) for one in trace.cases],
            is_cut=trace.is_cut,
        )


def item_key(item: Item) -> tuple[int, UUID]:
    """By which pages of items end."""
    return (item.day.toordinal(), item.id)


def item_place(after: tuple[Any, ...] | None) -> tuple[date, UUID] | None:
    """What a cursor of items means."""
    return (date.fromordinal(after[0]), after[1]) if after is not None else None
