"""Settlements and their items as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ItemNews:
    """A line of a gateway's report, as it is kept. notes: JSON. The rest is as in gateways' facts."""

    id: UUID
    entity_id: str
    kind: str
    settlement_id: str
    amount_minor: int
    currency: str
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    on_hold: bool
    settled: bool
    utr: str | None
    payment_ref: str | None
    order_ref: str | None
    dispute_ref: str | None
    receipt: str | None
    method: str | None
    description: str | None
    notes: str
    created_at: datetime
    settled_at: datetime | None
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class SettlementNews:
    """What a gateway says of a settlement, as it is kept."""

    id: UUID
    settlement_id: str
    status: str
    amount_minor: int
    currency: str
    fee_minor: int
    tax_minor: int
    utr: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """Money that a gateway has sent to the bank, as far as the reader may see it.

    amount_minor, fee_minor, tax_minor: as the gateway says, in total. items, credit_minor, debit_minor, item_fee_minor,
    item_tax_minor: of those of its items that are the reader's. difference_minor: what it comes to above all its items, 0 where
    they agree.
    """

    id: UUID
    gateway: str
    account: str
    organization_id: UUID | None
    settlement_id: str
    status: str
    amount_minor: int
    currency: str
    fee_minor: int
    tax_minor: int
    utr: str | None
    day: date
    occurred_at: datetime
    difference_minor: int
    items: int
    credit_minor: int
    debit_minor: int
    item_fee_minor: int
    item_tax_minor: int


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a gateway's report, and what the last run made of it. books_minor: what our books hold for it."""

    id: UUID
    gateway: str
    account: str
    organization_id: UUID | None
    payment_id: UUID | None
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
    payment_ref: str | None
    order_ref: str | None
    dispute_ref: str | None
    receipt: str | None
    method: str | None
    description: str | None
    created_at: datetime
    settled_at: datetime | None
    class_: str
    books_minor: int
    order_id: UUID | None


@dataclass(frozen=True, slots=True)
class Unposted:
    """An item whose posting is not what it should be. net_minor: what the bank has got for it, in settlement_currency.
    books_minor: what our books hold for it, in books_currency; fee_minor, which includes tax_minor: what we expect the gateway to
    keep. number: of its last posting, 0 before the first; digest: of what that says."""

    id: UUID
    organization_id: UUID
    gateway: str
    entity_id: str
    kind: str
    settled_at: datetime
    net_minor: int
    settlement_currency: str
    books_minor: int
    books_currency: str
    fee_minor: int
    tax_minor: int
    number: int
    digest: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A settlement that is not the sum of its items, or no longer differs as it was posted."""

    id: UUID
    organization_id: UUID
    settlement_id: str
    currency: str
    occurred_at: datetime
    difference_minor: int
    number: int
    posted_minor: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What is written down of a posting: its number, and the digest of what it says."""

    id: UUID
    number: int
    digest: str
