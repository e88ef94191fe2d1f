"""Payments: charging them, finding out how they ended, refunds, and what gateways report."""

from datetime import date
from typing import ClassVar, Final, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.money import Money
from shared.contracts.retry import RetryPolicy

_PATIENT: Final = RetryPolicy(max_retries=10, base_s=5, cap_s=600)
PROMISED: Final = RetryPolicy(max_retries=4, base_s=60, factor=2, cap_s=480, jitter=False)
"""At once, then after 60, 120, 240 and 480 s."""


class ProcessPayment(Command):
    """Charge a stored method: that of a payment, or a new payment of this amount for an order or a subscription's period.

    A new payment has this message's id. A technical failure is tried again as the contract's policy says; what a bank declines
    is `payments.handle_failed_payment`'s. user_id: the older name of customer_id.
    """

    contract: ClassVar = Contract(
        "payments.process_payment", (lanes.PAYMENTS_CRITICAL, lanes.PAYMENTS_SUBSCRIPTIONS), PROMISED, max_batch=200
    )

    payment_id: UUID | None = None
    amount: Money | None = None
    payment_method_id: UUID | None = None
    order_id: UUID | None = None
    customer_id: UUID | None = None
    user_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: date | None = Field(default=None, description="The first day of the subscription's period.")

    @model_validator(mode="after")
    def _names_what_to_charge(self) -> Self:
        if self.payment_id is None and None in (self.amount, self.payment_method_id):
            raise ValueError("name payment_id, or amount and payment_method_id with order_id or subscription_id")
        if self.payment_id is None and self.order_id is None and self.subscription_id is None:
            raise ValueError("name what is paid: order_id, or subscription_id with period_start")
        if (self.subscription_id is None) != (self.period_start is None):
            raise ValueError("subscription_id and period_start go together")
        return self


class KeepPaymentMethod(Command):
    """Keep the stored method that a customer's payment has brought, under its gateway's own ids. Kept again it is the same."""

    contract: ClassVar = Contract("payments.keep_payment_method", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=50)

    payment_id: UUID
    gateway_customer_id: str = Field(min_length=1, max_length=100)
    token_id: str = Field(min_length=1, max_length=100)


class HandleFailedPayment(Command):
    """Decide what follows from a payment's failure, and tell its customer. Done once for each try."""

    contract: ClassVar = Contract("payments.handle_failed_payment", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=50)

    payment_id: UUID


class RetryFailedPayments(Command):
    """Charge payments again whose next try is due at `slot`."""

    contract: ClassVar = Contract("payments.retry_failed_payments", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ResolveUnknownPayments(Command):
    """Have gateways asked about payments and refunds whose end is not known and whose time has come at `slot`."""

    contract: ClassVar = Contract("payments.resolve_unknown_payments", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ResolvePayment(Command):
    """Ask the gateway what became of a payment. It moves no money."""

    contract: ClassVar = Contract("payments.resolve_payment", (lanes.PAYMENTS_CRITICAL,), _PATIENT, max_batch=50)

    payment_id: UUID


class CapturePayment(Command):
    """Take the money of an authorized payment, if it is still wanted and not taken yet."""

    contract: ClassVar = Contract("payments.capture_payment", (lanes.PAYMENTS_CRITICAL,), _PATIENT, max_batch=50)

    payment_id: UUID


class ReleasePayment(Command):
    """Give an authorization up, where the gateway can."""

    contract: ClassVar = Contract("payments.release_payment", (lanes.PAYMENTS_CRITICAL,), _PATIENT, max_batch=50)

    payment_id: UUID


class ExecuteRefund(Command):
    """Have the gateway give money back. The same request however often it is made."""

    contract: ClassVar = Contract("payments.execute_refund", (lanes.PAYMENTS_CRITICAL,), _PATIENT, max_batch=50)

    refund_id: UUID


class ExecuteRefundPlan(Command):
    """Make the refunds of an order's cancellation, from its payments, the newest first."""

    contract: ClassVar = Contract("payments.execute_refund_plan", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=20)

    plan_id: UUID


class ExpirePayments(Command):
    """End payments that nobody has made by `slot`."""

    contract: ClassVar = Contract("payments.expire_payments", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class WatchAuthorizations(Command):
    """Take or give up authorizations that are about to lapse at `slot`, and alarm over them and over silent webhooks."""

    contract: ClassVar = Contract("payments.watch_authorizations", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ApplyGatewayEvents(Command):
    """Apply what gateways have reported. One that is applied already is left alone."""

    contract: ClassVar = Contract("payments.apply_gateway_events", (lanes.PAYMENTS_CRITICAL,), _PATIENT, max_batch=100)

    event_ids: list[UUID] = Field(min_length=1, max_length=1000)


class PruneGatewayEvents(Command):
    """Forget what gateways' events said 30 days before `slot`; that they came is kept for 180."""

    contract: ClassVar = Contract("payments.prune_gateway_events", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
