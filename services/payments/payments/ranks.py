"""How far a gateway's payment, refund or dispute has come. Facts arrive in any order, and the highest rank holds."""

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.facts import DisputeStatus, PaymentFact, PaymentStatus, RefundStatus

CREATED: Final = 1
REQUIRES_ACTION: Final = 2
FAILED: Final = 3
"""Below authorized: a bank's late yes overrules it."""
AUTHORIZED: Final = 4
CANCELLED: Final = 5
LAPSED: Final = 6
"""Was authorized, never captured, and has gone back by itself."""
CAPTURED: Final = 7

_PAYMENT: Final[Mapping[PaymentStatus, int]] = {
    PaymentStatus.CREATED: CREATED,
    PaymentStatus.REQUIRES_ACTION: REQUIRES_ACTION,
    PaymentStatus.FAILED: FAILED,
    PaymentStatus.AUTHORIZED: AUTHORIZED,
    PaymentStatus.CANCELLED: CANCELLED,
    PaymentStatus.REFUNDED: LAPSED,
    PaymentStatus.CAPTURED: CAPTURED,
}

REFUND_FAILED: Final = 2
REFUND_PROCESSED: Final = 3
REFUND_RANKS: Final[Mapping[RefundStatus, int]] = {
    RefundStatus.PENDING: 1,
    RefundStatus.FAILED: REFUND_FAILED,
    # Money that has left is the last word, whatever else is told of it.
    RefundStatus.PROCESSED: REFUND_PROCESSED,
}

DISPUTE_LOST: Final = 4
DISPUTE_WON: Final = 5
DISPUTE_RANKS: Final[Mapping[DisputeStatus, int]] = {
    DisputeStatus.OPEN: 1,
    DisputeStatus.UNDER_REVIEW: 2,
    DisputeStatus.CLOSED: 3,
    DisputeStatus.LOST: DISPUTE_LOST,
    DisputeStatus.WON: DISPUTE_WON,
}


def payment_rank(fact: PaymentFact) -> int:
    """What was captured stays so, however much of it has gone back."""
    return CAPTURED if fact.captured_minor > 0 else _PAYMENT[fact.status]
