"""Periods that were not paid, and how an organization deals with them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from services.payments.mandates.models import Debit, needs_notice

DeclineKind = Literal["safe_now", "later", "ask_customer", "our_setup"]
UnpaidDelivery = Literal["hold", "deliver", "cancel"]


@dataclass(frozen=True, slots=True)
class DunningPolicy:
    """retry_days: after the first failure, in the customer's days. retry_hour: not before this hour there. grace_days: of access.

    when_exhausted: what becomes of a subscription whose tries are used up. unpaid_delivery: of the order of an unpaid period:
    it waits for its money, goes out on credit, or is cancelled, and the period with it.
    """

    retry_days: tuple[int, ...] = (1, 3, 5, 7)
    retry_hour: int = 10
    grace_days: int = 7
    when_exhausted: Literal["unpaid", "cancel"] = "unpaid"
    unpaid_delivery: UnpaidDelivery = "hold"


DEFAULT: Final = DunningPolicy()


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that was declined, or a charge that could not even be tried. number: which of the payment's tries.

    payment_id: None where there was nothing to charge.
    """

    subscription_id: UUID
    start_on: date
    payment_id: UUID | None
    number: int
    kind: DeclineKind
    failure: str | None
    at: datetime

    @property
    def reference(self) -> str:
        """By which it is counted once."""
        return f"{self.payment_id or 'none'}/{self.number}"


@dataclass(frozen=True, slots=True)
class Owing:
    """A period that is not paid, with what is known of its payment and of those whose it is.

    method_id: the subscription's method of now; fault: why it cannot be charged. payment_status: None where it has no payment.
    is_payment_held: False for a payment that somebody has just put in the place of another one, and that is theirs.
    given_up_reason: why nothing more is asked for it, where a gateway was at it when it was given up.
    """

    subscription_id: UUID
    start_on: date
    organization_id: UUID
    customer_id: UUID
    time_zone: str
    period_status: str
    subscription_status: str
    currency: str
    total_minor: int
    order_id: UUID | None
    order_status: str | None
    payment_id: UUID | None
    payment_status: str | None
    payment_method_id: UUID | None
    payment_account: str | None
    is_payment_held: bool | None
    payment_tries: int
    method_id: UUID | None
    gateway: str | None
    account: str | None
    method_kind: str | None
    fault: str | None
    number: int
    began_at: datetime | None = None
    used: int = 0
    failures: int = 0
    next_try_at: datetime | None = None
    deadline_at: datetime | None = None
    last_failure: str | None = None
    run_status: str | None = None
    decline_kind: DeclineKind | None = None
    given_up_reason: str | None = None
    policy: DunningPolicy = field(default=DEFAULT)

    @property
    def needs_notice(self) -> bool:
        """Whether the subscription's method of now is a mandate that is debited on notices."""
        return self.method_id is not None and needs_notice(self.gateway, self.method_kind, self.currency)

    def debit(self, payment_id: UUID | None) -> Debit:
        """What is charged of it with the method of now."""
        assert self.method_id is not None, "the caller has seen to a method"
        assert self.gateway is not None, "a method is at a gateway"
        assert self.account is not None, "as above"
        return Debit(
            subscription_id=self.subscription_id,
            start_on=self.start_on,
            organization_id=self.organization_id,
            payment_id=payment_id,
            payment_method_id=self.method_id,
            gateway=self.gateway,
            account=self.account,
            currency=self.currency,
            amount_minor=self.total_minor,
        )

    @property
    def is_under_way(self) -> bool:
        """Whether a gateway is at it, or may have taken the money already."""
        if self.payment_id is not None and not self.is_payment_held:
            return True
        return self.payment_status not in (None, "created", "failed", "expired", "cancelled")
