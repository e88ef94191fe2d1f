"""Razorpay's entities as facts (razorpay.com/docs/api: orders, payments, refunds, tokens, settlements, disputes, downtimes).

Each raises Malformed where a member that is needed is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from services.payments.gateways.declines import Decline
from services.payments.gateways.documents import Document, Malformed
from services.payments.gateways.facts import (
    DisputeFact,
    DisputeStatus,
    DowntimeFact,
    NoticeFact,
    NoticeStatus,
    OrderFact,
    OrderStatus,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    RefundStatus,
    SettlementFact,
    SettlementItem,
    TokenFact,
    TokenStatus,
)
from services.payments.gateways.razorpay_declines import razorpay_decline

Status = TypeVar("Status", bound=StrEnum)

RAZORPAY: Final = "razorpay"
_REFERENCES: Final = ("rrn", "arn", "bank_transaction_id", "utr", "auth_code")
_INSTRUMENTS: Final = ("bank", "issuer", "network", "psp", "vpa_handle", "flow")
_DISPUTES: Final[Mapping[str, DisputeStatus]] = {
    "open": DisputeStatus.OPEN,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "closed": DisputeStatus.CLOSED,
}


def order_fact(order: Document) -> OrderFact:
    """An order."""
    return OrderFact(
        gateway=RAZORPAY,
        order_id=order.text("id"),
        receipt=order.text_or_none("receipt"),
        status=_status(OrderStatus, order),
        amount_minor=order.minor("amount"),
        currency=order.currency(),
        paid_minor=order.minor("amount_paid"),
        attempts=order.minor_or_none("attempts") or 0,
        occurred_at=order.moment("created_at"),
        notice=notice_fact(notice, order.text("id")) if (notice := order.child("notification")) else None,
    )


def notice_fact(notice: Document, order_id: str | None = None) -> NoticeFact:
    """The notice of an order, or one that came alone. One that has just been asked for has no status yet."""
    return NoticeFact(
        gateway=RAZORPAY,
        notice_id=notice.text("id"),
        order_id=order_id or notice.text("order_id"),
        token_id=notice.text("token_id"),
        status=_status(NoticeStatus, notice) if notice.text_or_none("status") else NoticeStatus.CREATED,
        charge_after=notice.moment_or_none("payment_after"),
        delivered_at=notice.moment_or_none("delivered_at"),
    )


def payment_fact(payment: Document, at: datetime | None = None) -> PaymentFact:
    """A payment. at: when the event happened that shows it.

    What was authorized and went back by itself shows as refunded in full. It was never ours: an authorization that was given up.
    """
    amount, card, is_captured = payment.minor("amount"), payment.child("card"), payment.flag("captured")
    status = _status(PaymentStatus, payment)
    return PaymentFact(
        gateway=RAZORPAY,
        payment_id=payment.text("id"),
        order_id=payment.text_or_none("order_id"),
        receipt=None,
        status=PaymentStatus.CANCELLED if status is PaymentStatus.REFUNDED and not is_captured else status,
        amount_minor=amount,
        currency=payment.currency(),
        captured_minor=amount if is_captured else 0,
        refunded_minor=(payment.minor_or_none("amount_refunded") or 0) if is_captured else 0,
        occurred_at=at or payment.moment("created_at"),
        fee_minor=payment.minor_or_none("fee"),
        tax_minor=payment.minor_or_none("tax"),
        method=payment.text_or_none("method"),
        bank=payment.text_or_none("bank") or payment.text_or_none("wallet") or card.text_or_none("issuer"),
        reference=_first(payment.child("acquirer_data"), _REFERENCES),
        customer_id=payment.text_or_none("customer_id"),
        token_id=payment.text_or_none("token_id"),
        decline=_decline(payment),
        is_international=payment.flag("international"),
    )


def refund_fact(refund: Document, at: datetime | None = None) -> RefundFact:
    """A refund. at: as in payment_fact."""
    return RefundFact(
        gateway=RAZORPAY,
        refund_id=refund.text("id"),
        payment_id=refund.text("payment_id"),
        receipt=refund.text_or_none("receipt"),
        status=_status(RefundStatus, refund),
        amount_minor=refund.minor("amount"),
        currency=refund.currency(),
        occurred_at=at or refund.moment("created_at"),
        reference=_first(refund.child("acquirer_data"), _REFERENCES),
    )


def token_fact(token: Document, customer_id: str | None, now: datetime) -> TokenFact:
    """A stored method. One that is confirmed and past its end has expired, which Razorpay does not say."""
    card, mandate = token.child("card"), token.child("recurring_details")
    said, expires_at = mandate.text_or_none("status"), token.moment_or_none("expired_at")
    # A card that is only kept for checkout has no mandate, and may not be charged without the customer.
    status = TokenStatus(said) if said in set(TokenStatus) else TokenStatus.INITIATED
    if status is TokenStatus.CONFIRMED and expires_at is not None and expires_at <= now:
        status = TokenStatus.EXPIRED
    return TokenFact(
        gateway=RAZORPAY,
        token_id=token.text("id"),
        customer_id=customer_id or token.text_or_none("customer_id"),
        status=status,
        method=token.text("method"),
        network=card.text_or_none("network") or token.text_or_none("bank") or token.text_or_none("wallet"),
        last4=card.text_or_none("last4"),
        max_minor=token.minor_or_none("max_amount"),
        expires_at=expires_at,
        reason=mandate.text_or_none("failure_reason"),
    )


def settlement_fact(settlement: Document) -> SettlementFact:
    """A settlement, always in rupees: Razorpay writes no currency to it."""
    return SettlementFact(
        gateway=RAZORPAY,
        settlement_id=settlement.text("id"),
        status=settlement.text("status"),
        amount_minor=settlement.minor("amount"),
        currency=(settlement.text_or_none("currency") or "INR").upper(),
        fee_minor=settlement.minor_or_none("fees") or 0,
        tax_minor=settlement.minor_or_none("tax") or 0,
        utr=settlement.text_or_none("utr"),
        occurred_at=settlement.moment("created_at"),
    )


def settlement_item(item: Document) -> SettlementItem:
    """One line of the report. A payment's line names no payment_id, because it is the payment."""
    entity_id, kind = item.text("entity_id"), item.text("type")
    return SettlementItem(
        gateway=RAZORPAY,
        entity_id=entity_id,
        kind=kind,
        amount_minor=item.minor("amount"),
        currency=item.currency(),
        credit_minor=item.minor("credit"),
        debit_minor=item.minor("debit"),
        fee_minor=item.minor_or_none("fee") or 0,
        tax_minor=item.minor_or_none("tax") or 0,
        on_hold=item.flag("on_hold"),
        settled=item.flag("settled"),
        created_at=item.moment("created_at"),
        settled_at=item.moment_or_none("settled_at"),
        posted_at=item.moment_or_none("posted_at"),
        settlement_id=item.text_or_none("settlement_id"),
        utr=item.text_or_none("settlement_utr"),
        payment_id=item.text_or_none("payment_id") or (entity_id if kind == "payment" else None),
        order_id=item.text_or_none("order_id"),
        order_receipt=item.text_or_none("order_receipt"),
        dispute_id=item.text_or_none("dispute_id"),
        method=item.text_or_none("method"),
        description=item.text_or_none("description"),
        notes=item.notes(),
    )


def dispute_fact(dispute: Document, at: datetime | None = None) -> DisputeFact:
    """A dispute. at: as in payment_fact."""
    return DisputeFact(
        gateway=RAZORPAY,
        dispute_id=dispute.text("id"),
        payment_id=dispute.text("payment_id"),
        status=_DISPUTES.get(dispute.text("status"), DisputeStatus.OPEN),
        amount_minor=dispute.minor("amount"),
        currency=dispute.currency(),
        deducted_minor=dispute.minor_or_none("amount_deducted") or 0,
        reason=dispute.text_or_none("reason_code"),
        respond_by=dispute.moment_or_none("respond_by"),
        occurred_at=at or dispute.moment("created_at"),
    )


def downtime_fact(downtime: Document, now: datetime) -> DowntimeFact:
    """A downtime. One that is resolved and does not say when has ended now."""
    is_over = downtime.text_or_none("status") == "resolved"
    instrument = _first(downtime.child("instrument"), _INSTRUMENTS)
    return DowntimeFact(
        gateway=RAZORPAY,
        downtime_id=downtime.text("id"),
        method=downtime.text("method"),
        instrument=instrument if instrument != "ALL" else None,
        severity=downtime.text_or_none("severity") or "low",
        is_scheduled=downtime.flag("scheduled"),
        began_at=downtime.moment("begin"),
        ended_at=downtime.moment_or_none("end") or (now if is_over else None),
    )


def _status(kind: type[Status], entity: Document) -> Status:
    said = entity.text("status")
    if said not in set(kind):
        raise Malformed("status")
    return kind(said)


def _decline(payment: Document) -> Decline | None:
    code = payment.text_or_none("error_code")
    if code is None:
        return None
    reason = payment.text_or_none("error_reason") or ""
    return razorpay_decline(code, reason, payment.text_or_none("error_description") or "")


def _first(entity: Document, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := entity.text_or_none(name)) is not None), None)
