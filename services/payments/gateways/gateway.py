"""The one door to payment gateways, and what is asked through it. Facts are in facts.py, ends of calls in answers.py.

No method raises for what happens outside, and none repeats a call that moves money, except where the gateway's own idempotency
makes the repetition the same call. `receipt` is ours, made before the call and stored with the attempt: it names the attempt at
the gateway, and finds it again after a time-out. It has 10 to 40 characters of `[A-Za-z0-9_-]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.payments.gateways.answers import Answer
from services.payments.gateways.events import Event
from services.payments.gateways.facts import (
    CustomerFact,
    DowntimeFact,
    OrderFact,
    PaymentFact,
    RefundFact,
    SettlementFact,
    TokenFact,
)
from services.payments.gateways.reports import Reports
from services.payments.gateways.signatures import CheckoutProof


class Frequency(StrEnum):
    """How often a mandate lets us charge at most."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    AS_PRESENTED = "as_presented"


@dataclass(frozen=True, slots=True)
class Mandate:
    """The customer is asked to allow later charges along with this payment.

    method: `card`, `upi` or another one of the gateway's. max_minor: the most that one of them may take.
    """

    method: str
    max_minor: int
    expires_at: datetime
    frequency: Frequency = Frequency.AS_PRESENTED


@dataclass(frozen=True, slots=True)
class PreDebitNotice:
    """Razorpay tells the customer of a charge that is to come, as RBI demands at least 24 hours before. charge_after: not
    before that; with cards the notice needs 36 h 5 min, so 37 to 48 hours ahead."""

    token_id: str
    charge_after: datetime


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """customer_id: at the gateway; a mandate needs one. capture: None for the account's own way. notes: at most 15 of 256
    characters, ids and no personal data."""

    receipt: str
    amount_minor: int
    currency: str
    customer_id: str | None = None
    partial_payment: bool = False
    capture: bool | None = None
    mandate: Mandate | None = None
    notice: PreDebitNotice | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """A charge without the customer. order_id: of `create_order` where the gateway is `order_first`, else None. email, phone:
    of the customer, which Razorpay demands; never logged."""

    receipt: str
    order_id: str | None
    amount_minor: int
    currency: str
    customer_id: str
    token_id: str
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """receipt: also the idempotency key, so that the same request may be made again; with another amount it is refused."""

    receipt: str
    payment_id: str
    amount_minor: int
    currency: str
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """reference: ours (`payments.customer:<id>`), so that the same customer is made once."""

    reference: str
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


class Gateway(Protocol):
    """One account at one gateway. Lives as long as its process, and owns its connections.

    name: `razorpay`, `stripe`. order_first: charges are made on an order of `create_order`; else `charge` is one call and
    has no order before it. account: unique among all organizations; breakers and budgets count by it. reports: its lists.
    """

    name: str
    account: str
    order_first: bool
    reports: Reports

    async def create_order(self, request: OrderRequest) -> Answer[OrderFact]:
        """Ask to be paid. After Unknown: `orders_by_receipt`."""
        ...

    async def order(self, order_id: str) -> Answer[OrderFact]: ...

    async def orders_by_receipt(
        self, receipt: str, since: datetime, until: datetime | None = None
    ) -> Answer[Sequence[OrderFact]]:
        """Those made under this receipt; none where the call never arrived. since: when the attempt was begun. until: when it was
        called last; None where that is the same."""
        ...

    async def payments_of_order(self, order_id: str) -> Answer[Sequence[PaymentFact]]:
        """All attempts of paying it, the oldest first."""
        ...

    async def payment(self, payment_id: str) -> Answer[PaymentFact]: ...

    async def charge(self, request: ChargeRequest) -> Answer[PaymentFact]:
        """Charge a stored method. Answered with `created` is usual with Razorpay: its outcome comes by webhook. After Unknown:
        `payments_of_order`, with the order's id or that of `orders_by_receipt`."""
        ...

    async def capture(self, payment_id: str, amount_minor: int, currency: str) -> Answer[PaymentFact]:
        """Take all of what is authorized. After Unknown, and after Refused(state): `payment`."""
        ...

    async def cancel(self, payment_id: str) -> Answer[PaymentFact]:
        """Give an authorization up. Razorpay has no such call (Refused, unsupported): what is not captured goes back by
        itself."""
        ...

    async def refund(self, request: RefundRequest) -> Answer[RefundFact]:
        """Give money back. After Unknown: `refunds_of_payment`, and where none has the receipt, the same request again."""
        ...

    async def refunds_of_payment(self, payment_id: str) -> Answer[Sequence[RefundFact]]:
        """All of them, the oldest first."""
        ...

    async def refund_by_id(self, refund_id: str) -> Answer[RefundFact]: ...

    async def create_customer(self, request: CustomerRequest) -> Answer[CustomerFact]:
        """The customer of this reference or, with Razorpay, of this address and number: one that is there is answered."""
        ...

    async def tokens(self, customer_id: str) -> Answer[Sequence[TokenFact]]: ...

    async def token(self, customer_id: str, token_id: str) -> Answer[TokenFact]: ...

    async def delete_token(self, customer_id: str, token_id: str) -> Answer[None]:
        """Forget a stored method; one that is not there any more is Answered."""
        ...

    async def settlement(self, settlement_id: str) -> Answer[SettlementFact]: ...

    async def downtimes(self) -> Answer[Sequence[DowntimeFact]]:
        """What fails at present; none at Stripe, which does not tell."""
        ...

    def verify_checkout(self, proof: CheckoutProof) -> bool:
        """Whether the gateway itself has signed what a client shows. It proves that the payment is of this order, not that it
        is captured: ask for the payment. Always False at Stripe, which signs nothing for clients."""
        ...

    def verify_webhook(self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
        """What a call-back says. secrets: all that are valid at present, two or more during a rotation. headers: in any case of
        letters.

        Raises ForgedWebhook where none of them signed it, UnreadableWebhook for what is signed and no event.
        """
        ...

    async def may_retry(self) -> bool:
        """Take one of the account's retries, before anything that was Unavailable is tried again; False to wait a minute
        longer."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
