"""What the API takes and shows of payments."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.gateways.gateway import Frequency, Mandate
from services.payments.gateways.offline import Clearing, OfflineMethod
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor, PositiveMinor, PositiveMoney
from services.payments.payments.creating import Asked
from services.payments.payments.desk import Checkout
from services.payments.payments.models import PaymentStatus
from services.payments.payments.offline import Counted
from services.payments.payments.policy_models import PaymentPolicy
from services.payments.refunds.schemas import RefundOut
from shared.contracts.message import UtcDatetime


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MandateIn(_In):
    """The customer is asked to allow later charges along with this payment."""

    method: str = Field(pattern=r"^[a-z_]{1,40}$", examples=["card"])
    max_amount_minor: PositiveMinor = Field(description="The most that one charge may take.")
    expires_at: UtcDatetime
    frequency: Frequency = Frequency.AS_PRESENTED

    def mandate(self) -> Mandate:
        """As gateways take it."""
        return Mandate(self.method, self.max_amount_minor, self.expires_at, self.frequency)


class PaymentIn(_In):
    """What is to be paid. amount: a part of it; all that is due without it."""

    order_id: UUID | None = None
    invoice_id: UUID | None = None
    amount: PositiveMoney | None = Field(default=None, examples=[{"amount_minor": 150000, "currency": "INR"}])
    gateway: Literal["razorpay", "stripe"] | None = Field(default=None, description="Where there is a choice.")
    mandate: MandateIn | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.order_id is None) == (self.invoice_id is None):
            raise ValueError("name one of order_id and invoice_id")
        return self

    def asked(self) -> Asked:
        """As the service takes it."""
        amount = self.amount
        return Asked(
            self.order_id,
            self.invoice_id,
            amount.amount_minor if amount is not None else None,
            amount.currency if amount is not None else None,
            self.gateway,
        )


class VerifyIn(_In):
    """What the gateway's form has handed to the customer's page. Stripe signs nothing: any text will do."""

    gateway_payment_id: str = Field(min_length=1, max_length=100, examples=["pay_29QQoUBi66xm2f"])
    signature: str = Field(default="", max_length=200)


class OfflineIn(_In):
    """Money that somebody has received. More than is due is to the customer's credit."""

    order_id: UUID | None = None
    invoice_id: UUID | None = None
    amount: PositiveMoney
    kind: OfflineMethod
    reference: str | None = Field(default=None, max_length=50, description="A cheque's number, a transfer's UTR.")
    bank: str | None = Field(default=None, max_length=100, description="Whose cheque or account it is.")
    clearing: Clearing | None = Field(default=None, description="Of a cheque alone: one that waits is no money yet.")
    received_at: UtcDatetime | None = Field(default=None, description="Now, unless it is given.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.order_id is None) == (self.invoice_id is None):
            raise ValueError("name one of order_id and invoice_id")
        return self

    def counted(self) -> Counted:
        """As the service takes it."""
        return Counted(
            self.order_id,
            self.invoice_id,
            self.amount.amount_minor,
            self.amount.currency,
            self.kind,
            self.reference,
            self.bank,
            self.clearing,
            self.received_at,
        )


class ClearingIn(_In):
    """What became of a cheque."""

    clearing: Literal["cleared", "bounced"]
    at: UtcDatetime | None = Field(default=None, description="When the bank said so; now, unless it is given.")


class PaymentOut(_Out):
    """A payment. failure: as the customer reads it; next_attempt_at: when it is tried again by itself."""

    id: UUID
    organization_id: UUID
    customer_id: UUID | None
    order_id: UUID | None
    invoice_id: UUID | None
    subscription_id: UUID | None
    period_start: date | None
    gateway: str = Field(description="`offline`: counted by somebody.", examples=["razorpay"])
    account: str
    payment_method_id: UUID | None
    method: str | None = Field(examples=["upi"])
    currency: str = Field(examples=["INR"])
    amount_minor: int = Field(examples=[150000])
    captured_minor: int
    refunded_minor: int
    disputed_minor: int
    status: PaymentStatus
    gateway_order_id: str | None
    gateway_payment_id: str | None
    action_url: str | None = Field(description="Where the customer proves who they are.")
    decline_reason: str | None = Field(examples=["insufficient_funds"])
    decline_kind: str | None
    failure: str | None
    next_action: str | None = Field(examples=["change_method"])
    tries: int
    next_attempt_at: UtcDatetime | None
    late_until: UtcDatetime | None = Field(description="Until then a bank may still say yes to a payment that has failed.")
    authorized_at: UtcDatetime | None
    captured_at: UtcDatetime | None
    expires_at: UtcDatetime | None
    version: int
    created_at: UtcDatetime
    updated_at: UtcDatetime


class CheckoutOut(BaseModel):
    """What a customer's page needs to open the gateway's form: the order at Razorpay, the client secret at Stripe."""

    payment: PaymentOut
    gateway: str
    public_key: str | None
    gateway_order_id: str
    client_secret: str | None

    @classmethod
    def of(cls, checkout: Checkout) -> Self:
        """Of what the service answers."""
        return cls(
            payment=PaymentOut.model_validate(checkout.payment),
            gateway=checkout.payment.gateway,
            public_key=checkout.public_key,
            gateway_order_id=checkout.gateway_order_id,
            client_secret=checkout.client_secret,
        )


class PaymentChangeOut(_Out):
    """One change of a payment: who, why, told by whom, and which columns."""

    number: int
    from_status: str | None
    to_status: str
    actor: str
    reason: str | None
    reference: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    at: UtcDatetime


class TryOut(_Out):
    """One call of a gateway. Its id is our receipt there."""

    id: UUID
    number: int
    kind: Literal["order", "charge", "capture", "refund", "cancel"]
    status: Literal["started", "succeeded", "declined", "refused", "unavailable", "unknown"]
    amount_minor: int
    gateway_payment_id: str | None
    started_at: UtcDatetime
    finished_at: UtcDatetime | None
    detail: str | None


class PaymentDetail(BaseModel):
    """A payment with its refunds and the calls that were made for it, the newest 100 of each."""

    payment: PaymentOut
    refunds: list[RefundOut]
    tries: list[TryOut]


class PaymentPolicyIn(_In):
    """What is done where somebody has to decide."""

    surplus: Literal["credit", "refund"] = Field("credit", description="Of money that nothing was due for.")
    late_authorization: Literal["capture", "release"] = Field(
        "capture", description="Of a bank's yes that comes after the payment had failed, while the order is still unpaid."
    )
    approve_refunds_above_minor: NonNegativeMinor | None = Field(
        None, description="Above this a second person has to approve a refund; null: never."
    )

    def policy(self) -> PaymentPolicy:
        """As the service takes it."""
        return PaymentPolicy(self.surplus, self.late_authorization, self.approve_refunds_above_minor)


class PaymentPolicyOut(_Out):
    """As it holds; version 0: nobody has said anything."""

    surplus: Literal["credit", "refund"]
    late_authorization: Literal["capture", "release"]
    approve_refunds_above_minor: int | None
    version: int


class CreditUseIn(_In):
    """For what a customer's credit is to be used: one thing, or their unpaid orders, the oldest first."""

    order_id: UUID | None = None
    invoice_id: UUID | None = None
    currency: CurrencyCode = "INR"
    amount_minor: PositiveMinor | None = Field(None, description="At most so much; all that there is without it.")
