"""What other services hear of a payment's money: that some has come in, or has gone back."""

from collections.abc import Iterator
from datetime import datetime

from services.payments.payments.models import Payment
from shared.contracts.money import Money
from shared.contracts.payments import PaymentCaptured, RefundMade


def news_of(was: Payment, payment: Payment, at: datetime) -> Iterator[PaymentCaptured | RefundMade]:
    """By how much a payment has more money than it had, and has given back more. Less than before is no news: it was counted."""
    if payment.captured_minor > was.captured_minor:
        yield PaymentCaptured(
            payment_id=payment.id,
            organization_id=payment.organization_id,
            customer_id=payment.customer_id,
            order_id=payment.order_id,
            amount=Money(amount_minor=payment.captured_minor - was.captured_minor, currency=payment.currency),
            captured_minor=payment.captured_minor,
            gateway=payment.gateway,
            captured_at=payment.captured_at or at,
        )
    if payment.refunded_minor > was.refunded_minor:
        yield RefundMade(
            payment_id=payment.id,
            organization_id=payment.organization_id,
            customer_id=payment.customer_id,
            amount=Money(amount_minor=payment.refunded_minor - was.refunded_minor, currency=payment.currency),
            refunded_minor=payment.refunded_minor,
            made_at=at,
        )
