"""Calls of gateways that move money, each written down and committed before it is made."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

AttemptKind = Literal["order", "charge", "capture", "refund", "cancel"]
AttemptStatus = Literal["started", "succeeded", "declined", "refused", "unavailable", "unknown"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call. Its id is its receipt at the gateway, by which it is found again. resumed_at: when it was taken up again, because
    whoever had begun it has died."""

    id: UUID
    payment_id: UUID
    kind: AttemptKind
    status: AttemptStatus
    started_at: datetime
    refund_id: UUID | None = None
    resumed_at: datetime | None = None

    @property
    def called_at(self) -> datetime:
        """From when on it may be on its way."""
        return self.resumed_at or self.started_at


@dataclass(frozen=True, slots=True)
class Begin:
    """A call that is to be made. gateway_payment_id: what it is to take or to give up; None for calls that make one."""

    id: UUID
    payment_id: UUID
    kind: AttemptKind
    amount_minor: int
    refund_id: UUID | None = None
    gateway_payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a call has ended, as far as it is known. detail: for operators, nothing personal."""

    attempt_id: UUID
    status: AttemptStatus
    detail: str | None = None
    gateway_order_id: str | None = None
    gateway_payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a charge without the customer needs of the stored method and of whose it is; never logged."""

    payment_id: UUID
    gateway_customer_id: str
    token: str
    status: str
    max_amount_minor: int | None
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeclineNote:
    """Why a payment was declined of which the gateway has made nothing. failure: as its customer reads it."""

    payment_id: UUID
    code: str
    reason: str
    kind: str
    delay_s: int | None
    failure: str
    next_action: str
