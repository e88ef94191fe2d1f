"""Stored payment methods: what stands for a card or account at its gateway, never the thing itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

MethodStatus = Literal["initiated", "confirmed", "rejected", "paused", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """label: what may be shown, such as `Visa 1111`. max_amount_minor: the most that one charge may take under its mandate."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    gateway: str
    account: str
    gateway_customer_id: str
    token: str
    kind: str
    label: str
    max_amount_minor: int | None
    expires_at: datetime | None
    status: MethodStatus
    reason: str | None
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class MethodNews:
    """What a gateway says of a method."""

    gateway: str
    account: str
    token: str
    status: str
    reason: str | None
    expires_at: datetime | None
    max_minor: int | None
    kind: str
    label: str
