"""Subscriptions as their billing sees them, what periods come to, and what is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.payments.orders.models import Terms as Supply
from services.payments.periods.models import Period
from services.payments.plans.models import Terms
from services.payments.subscriptions.models import Adjustment, BilledLine, SubscriptionStatus
from services.payments.tax.models import TaxedLine

DueRow = Mapping[str, Any]
"""A row of SELECT_DUE, see `due_repository.py`."""

MOST_PERIODS: Final = 31
"""So many periods are billed at once, a month of daily ones. What is more is not caught up by itself: a person looks first."""
HELD_BEHIND: Final = f"more than {MOST_PERIODS} periods were missed; see that they are meant to be billed, and release it"
HELD_REFUSED: Final = "the database refuses what its next period comes to, such as too large an amount; mend that, and release it"
HELD_FOR_PEOPLE: Final = (HELD_BEHIND, HELD_REFUSED)
"""Those that wait for this do not go on by themselves."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a period comes to. taken: what of each adjustment it has taken, with the adjustment's sign."""

    period: Period
    lines: tuple[BilledLine, ...]
    taxes: tuple[TaxedLine, ...]
    subtotal_minor: int
    discount_minor: int
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    taken: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Entity:
    """The legal entity that invoices, as far as the tax follows from it. state_code: None for one that charges none."""

    id: UUID
    state_code: str | None
    has_lut: bool
    round_to_minor: int


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription as its billing has to know it. legal_entity_id: who will invoice it. supply: what its tax follows from.

    skips: first days that are left out. payment_method_id: None where the customer pays each period themselves. method_fault: why
    the stored method cannot be charged.
    """

    id: UUID
    organization_id: UUID
    customer_id: UUID
    status: SubscriptionStatus
    time_zone: str
    anchor: date
    next_period_start: date
    quantity: int
    terms: Terms
    legal_entity_id: UUID
    supply: Supply
    next_quantity: int | None = None
    next_terms: Terms | None = None
    ends_at_period_end: bool = False
    ends_on: date | None = None
    skips: frozenset[date] = frozenset()
    adjustments: tuple[Adjustment, ...] = ()
    payment_method_id: UUID | None = None
    gateway: str | None = None
    account: str | None = None
    method_kind: str | None = None
    method_label: str | None = None
    method_fault: str | None = None
    max_amount_minor: int | None = None
    delivery: Mapping[str, Any] = field(default_factory=dict)
    delivery_slot: str | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """A period that is to be billed by the terms that hold for it."""

    bill: Bill
    terms: Terms
    quantity: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A period that is not billed, and why."""

    period: Period
    terms: Terms
    quantity: int
    reason: Literal["skipped by the customer", "its delivery was missed"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about a subscription, the oldest first. due: as it is afterwards. next_bill_at: None once it is over."""

    due: Due
    status: SubscriptionStatus
    billed: Sequence[Billed]
    left_out: Sequence[LeftOut]
    held_reason: str | None
    next_bill_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unbillable:
    """A subscription of which nobody can say what a period comes to, and why."""

    id: UUID
    organization_id: UUID
    reason: str


def method_fault(row: Mapping[str, Any], at: datetime) -> str | None:
    """Why the stored method of a row cannot be charged; None where it can, or where there is none."""
    if row["payment_method_id"] is None:
        return None
    if row["method_status"] is None:
        return "the stored payment method is gone"
    if row["method_status"] != "confirmed":
        return f"the stored payment method is {row['method_status']}"
    if row["method_expires_at"] is not None and row["method_expires_at"] <= at:
        return "the stored payment method has expired"
    return None
