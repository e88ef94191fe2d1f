"""Rows that billing writes: periods, the orders that deliver them, and the payments that are made for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.payments.models import NewPayment
from services.payments.subscriptions.models import PeriodStatus


@dataclass(frozen=True, slots=True)
class NewPeriod:
    """A row of subscription_periods. taken: what it has taken of earlier changes, by adjustment, with its sign."""

    subscription_id: UUID
    start_on: date
    end_on: date
    organization_id: UUID
    customer_id: UUID
    legal_entity_id: UUID
    plan_version_id: UUID
    quantity: int
    status: PeriodStatus
    reason: str | None
    currency: str
    lines: Sequence[dict[str, Any]]
    place_of_supply: str | None
    supply_kind: str
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    order_id: UUID | None
    payment_id: UUID | None
    taken: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A row of orders with its lines. delivery: with `slot`, when in the day the customer wants it, where they have said so."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    legal_entity_id: UUID
    number: str
    currency: str
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    supply_kind: str
    supplier_state: str | None
    place_of_supply: str | None
    round_to_minor: int
    delivery: dict[str, Any]
    due_on: date
    subscription_id: UUID
    period_start: date
    lines: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Made:
    """A billed period with what belongs to it. payment: None where nothing is due, or where nothing can be charged.

    fault: why its stored method cannot be charged. needs_notice: its payment is the debit of a mandate.
    """

    period: NewPeriod
    order: NewOrder | None
    payment: NewPayment | None
    fault: str | None
    needs_notice: bool = False
