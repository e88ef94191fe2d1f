"""What of a payment can be given back, and out of whose pocket: what something was due for, and what went to a credit."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.payments.models import Payment
from services.payments.refunds.models import NOT_GIVEN, Refund


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a payment that one refund can give back. gateway_payment_id: which of the gateway's payments has brought it.

    from_credit: nothing was due for it, so that it became the customer's credit, which the refund uses up.
    """

    gateway_payment_id: str | None
    from_credit: bool
    left_minor: int


def shares_of(payment: Payment, refunds: Sequence[Refund], granted: Sequence[tuple[str, int]], balance_minor: int) -> list[Share]:
    """What is left of what something was due for, then of each surplus, as far as the customer has not used it.

    What is disputed is with the bank. granted: of each surplus the gateway's payment and the amount. balance_minor: what the
    customer has to their credit.
    """
    given = [one for one in refunds if one.status not in NOT_GIVEN]
    left = payment.captured_minor - payment.disputed_minor - sum(one.amount_minor for one in given)
    used = left + sum(one.amount_minor for one in given if one.from_credit) - sum(amount for _, amount in granted)
    shares = [Share(payment.gateway_payment_id, False, max(min(used, left), 0))]
    for gateway_payment_id, amount in granted:
        gone = sum(one.amount_minor for one in given if one.from_credit and one.gateway_payment_id == gateway_payment_id)
        shares.append(Share(gateway_payment_id, True, max(min(amount - gone, left, balance_minor), 0)))
    return shares


def firm(refunds: Sequence[Refund]) -> list[Refund]:
    """Those for which a cancellation leaves room: what somebody has asked for and nobody has approved yet gives way to it."""
    return [one for one in refunds if one.status != "awaiting_approval" or one.plan_id is not None]
