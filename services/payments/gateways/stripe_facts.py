"""Stripe's objects as facts (docs.stripe.com/api). A PaymentIntent is our order and its payment at once.

Each raises Malformed where a member that is needed is not there. Objects that Stripe shows by their id alone, because they were
not asked for (`expand`), leave what they would tell unknown.
"""

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from services.payments.gateways.declines import Decline
from services.payments.gateways.documents import Document, Malformed
from services.payments.gateways.facts import (
    DisputeFact,
    DisputeStatus,
    OrderFact,
    OrderStatus,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    RefundStatus,
    SettlementFact,
    TokenFact,
    TokenStatus,
)
from services.payments.gateways.stripe_declines import stripe_decline

STRIPE: Final = "stripe"
_PAYMENTS: Final[Mapping[str, PaymentStatus]] = {
    "requires_payment_method": PaymentStatus.CREATED,
    "requires_confirmation": PaymentStatus.CREATED,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "processing": PaymentStatus.CREATED,
    "requires_capture": PaymentStatus.AUTHORIZED,
    "canceled": PaymentStatus.CANCELLED,
    "succeeded": PaymentStatus.CAPTURED,
}
_REFUNDS: Final[Mapping[str, RefundStatus]] = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.PROCESSED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTES: Final[Mapping[str, DisputeStatus]] = {
    "warning_needs_response": DisputeStatus.OPEN,
    "needs_response": DisputeStatus.OPEN,
    "warning_under_review": DisputeStatus.UNDER_REVIEW,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "warning_closed": DisputeStatus.CLOSED,
    "prevented": DisputeStatus.CLOSED,
}


def order_fact(intent: Document) -> OrderFact:
    """A PaymentIntent as what is to be paid."""
    attempted = intent.text_or_none("latest_charge") is not None or bool(intent.child("latest_charge"))
    status = OrderStatus.ATTEMPTED if attempted or intent.child("last_payment_error") else OrderStatus.CREATED
    return OrderFact(
        gateway=STRIPE,
        order_id=intent.text("id"),
        receipt=intent.child("metadata").text_or_none("receipt"),
        status=OrderStatus.PAID if intent.text("status") == "succeeded" else status,
        amount_minor=intent.minor("amount"),
        currency=intent.currency(),
        paid_minor=intent.minor_or_none("amount_received") or 0,
        attempts=int(status is OrderStatus.ATTEMPTED),
        occurred_at=intent.moment("created"),
        client_secret=intent.text_or_none("client_secret"),
    )


def payment_fact(intent: Document, at: datetime | None = None) -> PaymentFact:
    """A PaymentIntent as a payment. at: when the event happened that shows it."""
    charge, currency = intent.child("latest_charge"), intent.currency()
    captured, refunded = intent.minor_or_none("amount_received") or 0, _refunded(charge)
    details = charge.child("payment_method_details")
    fee_minor, tax_minor = fees(charge.child("balance_transaction"), currency)
    return PaymentFact(
        gateway=STRIPE,
        payment_id=intent.text("id"),
        order_id=intent.text("id"),
        receipt=intent.child("metadata").text_or_none("receipt"),
        status=_payment_status(intent, captured, refunded),
        amount_minor=intent.minor("amount"),
        currency=currency,
        captured_minor=captured,
        refunded_minor=refunded,
        occurred_at=at or intent.moment("created"),
        fee_minor=fee_minor,
        tax_minor=tax_minor,
        method=details.text_or_none("type"),
        bank=details.child("card").text_or_none("brand"),
        reference=details.child("card").text_or_none("network_transaction_id"),
        customer_id=id_of(intent, "customer"),
        token_id=id_of(intent, "payment_method"),
        decline=decline_of(intent.child("last_payment_error")),
        action_url=intent.child("next_action").child("redirect_to_url").text_or_none("url"),
    )


def payment_of_charge(charge: Document, at: datetime) -> PaymentFact:
    """The payment of a Charge, as events about refunds show it. Raises Malformed for a Charge without a PaymentIntent."""
    captured, refunded = charge.minor_or_none("amount_captured") or 0, _refunded(charge)
    intent_id = id_of(charge, "payment_intent")
    if intent_id is None:
        raise Malformed("payment_intent")
    if charge.text_or_none("status") == "failed":
        status = PaymentStatus.FAILED
    elif not charge.flag("captured"):
        status = PaymentStatus.CANCELLED if charge.flag("refunded") else PaymentStatus.AUTHORIZED
    else:
        status = PaymentStatus.REFUNDED if refunded >= captured else PaymentStatus.CAPTURED
    return PaymentFact(
        gateway=STRIPE,
        payment_id=intent_id,
        order_id=intent_id,
        receipt=charge.child("metadata").text_or_none("receipt"),
        status=status,
        amount_minor=charge.minor("amount"),
        currency=charge.currency(),
        captured_minor=captured,
        refunded_minor=refunded,
        occurred_at=at,
        method=charge.child("payment_method_details").text_or_none("type"),
        customer_id=id_of(charge, "customer"),
        token_id=id_of(charge, "payment_method"),
    )


def refund_fact(refund: Document, at: datetime | None = None) -> RefundFact:
    """A refund. at: as in payment_fact."""
    payment_id = id_of(refund, "payment_intent")
    said = refund.text("status")
    if payment_id is None or said not in _REFUNDS:
        raise Malformed("payment_intent" if payment_id is None else "status")
    return RefundFact(
        gateway=STRIPE,
        refund_id=refund.text("id"),
        payment_id=payment_id,
        receipt=refund.child("metadata").text_or_none("receipt"),
        status=_REFUNDS[said],
        amount_minor=refund.minor("amount"),
        currency=refund.currency(),
        occurred_at=at or refund.moment("created"),
        reference=refund.child("destination_details").child("card").text_or_none("reference"),
    )


def token_fact(method: Document, now: datetime) -> TokenFact:
    """A PaymentMethod. One that is attached to a customer may be charged, until its card expires."""
    card, kind = method.child("card"), method.text("type")
    expires_at = _end_of_month(card)
    customer_id = id_of(method, "customer")
    status = TokenStatus.CONFIRMED if customer_id is not None else TokenStatus.CANCELLED
    if expires_at is not None and expires_at <= now:
        status = TokenStatus.EXPIRED
    return TokenFact(
        gateway=STRIPE,
        token_id=method.text("id"),
        customer_id=customer_id,
        status=status,
        method=kind,
        network=card.text_or_none("brand"),
        last4=card.text_or_none("last4"),
        expires_at=expires_at,
    )


def dispute_fact(dispute: Document, at: datetime | None = None) -> DisputeFact:
    """A dispute. What Stripe has deducted stands in its balance transactions, fees of the dispute included."""
    payment_id = id_of(dispute, "payment_intent") or id_of(dispute, "charge")
    if payment_id is None:
        raise Malformed("payment_intent")
    return DisputeFact(
        gateway=STRIPE,
        dispute_id=dispute.text("id"),
        payment_id=payment_id,
        status=_dispute_status(dispute),
        amount_minor=dispute.minor("amount"),
        currency=dispute.currency(),
        deducted_minor=_deducted(dispute),
        reason=dispute.text_or_none("reason"),
        respond_by=dispute.child("evidence_details").moment_or_none("due_by"),
        occurred_at=at or dispute.moment("created"),
    )


def settlement_fact(payout: Document) -> SettlementFact:
    """A payout. Its fees stand in its balance transactions; the payout itself costs nothing."""
    return SettlementFact(
        gateway=STRIPE,
        settlement_id=payout.text("id"),
        status=payout.text("status"),
        amount_minor=payout.minor("amount"),
        currency=payout.currency(),
        fee_minor=0,
        tax_minor=0,
        utr=payout.child("trace_id").text_or_none("value"),
        occurred_at=payout.moment("created"),
    )


def decline_of(error: Document) -> Decline | None:
    """Why an attempt failed; None where nothing is said."""
    code = error.text_or_none("code") or error.text_or_none("type")
    if code is None:
        return None
    country = error.child("payment_method").child("card").text_or_none("country")
    return stripe_decline(code, error.text_or_none("decline_code"), error.text_or_none("message") or "", country)


def fees(transaction: Document, currency: str) -> tuple[int | None, int | None]:
    """What Stripe keeps of a payment, tax included, and that tax; None where it is not shown, or in another currency."""
    if not transaction or transaction.currency() != currency:
        return None, None
    details = transaction.items_or_none("fee_details")
    return transaction.minor("fee"), sum(one.minor("amount") for one in details if one.text_or_none("type") == "tax")


def id_of(document: Document, name: str) -> str | None:
    """The id of an object that is shown whole or by its id."""
    return document.text_or_none(name) or document.child(name).text_or_none("id")


def _dispute_status(dispute: Document) -> DisputeStatus:
    """Where it stands. One that was closed without a decision and has given its money back has ended as one that was won."""
    status = _DISPUTES.get(dispute.text("status"), DisputeStatus.OPEN)
    has_come_back = any(one.minor("net") > 0 for one in dispute.items_or_none("balance_transactions"))
    return DisputeStatus.WON if status is DisputeStatus.CLOSED and has_come_back else status


def _deducted(dispute: Document) -> int:
    """What was taken from us. An account that settles in another currency shows what left it there, which is no amount of the
    dispute's; then it is the disputed amount."""
    moved, currency = dispute.items_or_none("balance_transactions"), dispute.currency()
    ours = [one for one in moved if one.currency() == currency]
    if not ours and sum(one.minor("net") for one in moved) < 0:
        return dispute.minor("amount")
    return max(0, -sum(one.minor("net") for one in ours))


def _refunded(charge: Document) -> int:
    """What went back of what was captured. Stripe counts what it never took of an authorization as refunded, too."""
    never_taken = (charge.minor_or_none("amount") or 0) - (charge.minor_or_none("amount_captured") or 0)
    return max(0, (charge.minor_or_none("amount_refunded") or 0) - never_taken)


def _payment_status(intent: Document, captured: int, refunded: int) -> PaymentStatus:
    said = intent.text("status")
    if said not in _PAYMENTS:
        raise Malformed("status")
    if said == "requires_payment_method" and intent.child("last_payment_error"):
        return PaymentStatus.FAILED
    if said == "succeeded" and refunded >= captured > 0:
        return PaymentStatus.REFUNDED
    return _PAYMENTS[said]


def _end_of_month(card: Document) -> datetime | None:
    """When a card has expired: with the end of the month that it shows."""
    month, year = card.minor_or_none("exp_month"), card.minor_or_none("exp_year")
    if month is None or year is None or not (1 <= month <= 12 and 2000 <= year <= 9998):
        return None
    last = calendar.monthrange(year, month)[1]
    return datetime(year, month, last, 23, 59, 59, tzinfo=UTC)
