"""The state of a payment, worked out from all that is known of it. No history goes in, so the facts' order cannot matter."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.payments.payments import ranks
from services.payments.payments.models import PAID, Around, Held, Payment, PaymentStatus, State

LATE: Final = timedelta(days=3)
"""How long a bank may still say yes to a payment that has failed (razorpay.com/docs/payments/payments/late-authorisation)."""

_OPEN: Final = frozenset({ranks.CREATED, ranks.REQUIRES_ACTION, ranks.AUTHORIZED})
_BY_RANK: Final[dict[int, PaymentStatus]] = {
    ranks.CREATED: "processing",
    ranks.REQUIRES_ACTION: "requires_action",
    ranks.FAILED: "failed",
    ranks.CANCELLED: "cancelled",
    ranks.LAPSED: "expired",
    ranks.AUTHORIZED: "authorized",
}


def state_of(payment: Payment, held: Sequence[Held], around: Around) -> State:
    """held: of this payment, the oldest first; those whose amount or currency is another one are left out of it."""
    counted = [one for one in held if not is_mismatch(payment, one)]
    captured_minor = sum(one.captured_minor for one in counted)
    shown = _shown(counted, around)
    status = _paid(captured_minor, around) if captured_minor else _unpaid(payment, counted, around)
    decline: dict[str, Any] = (shown.decline or {}) if shown is not None and status == "failed" else {}
    failed_at = max((one.failed_at for one in counted if one.failed_at is not None), default=None)
    return State(
        status=status,
        captured_minor=captured_minor,
        refunded_minor=min(around.refunded_minor, captured_minor),
        disputed_minor=around.disputed_minor,
        gateway_payment_id=shown.gateway_payment_id if shown is not None else payment.gateway_payment_id,
        method=shown.method if shown is not None else payment.method,
        action_url=shown.action_url if shown is not None and status == "requires_action" else None,
        decline_code=decline.get("code", payment.decline_code if status == "failed" else None),
        decline_reason=decline.get("reason", payment.decline_reason if status == "failed" else None),
        decline_kind=decline.get("kind", payment.decline_kind if status == "failed" else None),
        decline_delay_s=decline.get("delay_s", payment.decline_delay_s if status == "failed" else None),
        failure=decline.get("text", payment.failure if status == "failed" else None),
        next_action=decline.get("next_action", payment.next_action if status == "failed" else None),
        late_until=failed_at + LATE if failed_at is not None else payment.late_until,
        authorized_at=min((one.authorized_at for one in counted if one.authorized_at), default=payment.authorized_at),
        captured_at=min((one.captured_at for one in counted if one.captured_at), default=payment.captured_at),
    )


def is_mismatch(payment: Payment, one: Held) -> bool:
    """Whether a gateway took another amount than was asked for: never adjusted, somebody has to look at it."""
    return one.currency != payment.currency or one.amount_minor != payment.amount_minor


def _paid(captured_minor: int, around: Around) -> PaymentStatus:
    if around.disputed_minor:
        return "disputed"
    if around.refunded_minor >= captured_minor:
        return "refunded"
    return "partially_refunded" if around.refunded_minor else "captured"


def _unpaid(payment: Payment, held: Sequence[Held], around: Around) -> PaymentStatus:
    """What can still become money goes before what cannot, and of what cannot the furthest tells."""
    reached = {one.rank for one in held}
    if ranks.AUTHORIZED in reached:
        return "authorized"
    if ranks.REQUIRES_ACTION in reached:
        return "requires_action"
    if ranks.CREATED in reached or around.started:
        return "processing"
    if around.unknown:
        return "unknown"
    if payment.status in ("expired", "cancelled"):
        # Somebody has given it up. Money that comes all the same was looked at above.
        return payment.status
    if reached:
        return _BY_RANK[max(reached)]
    if payment.status in ("processing", "unknown"):
        return "failed" if around.last_end in ("declined", "refused") else "created"
    return payment.status


def _shown(held: Sequence[Held], around: Around) -> Held | None:
    """The one that brought the money first, else the one that can still bring it, else the furthest, else the newest."""
    booked = [one for one in held if one.counted_as == "main"]
    if booked:
        return booked[0]
    authorized = [one for one in held if one.rank == ranks.AUTHORIZED]
    if authorized:
        # The one that is being taken stays it, or both could be; else the earliest, as of captures, that was not given up.
        return min(authorized, key=lambda one: (one.gateway_payment_id not in around.taken, *_turn(one, around)))
    return max(held, key=lambda one: (one.rank in _OPEN, one.rank, one.first_seen_at, one.gateway_payment_id), default=None)


def _turn(one: Held, around: Around) -> tuple[bool, datetime, str]:
    return one.gateway_payment_id in around.given_up, one.authorized_at or one.first_seen_at, one.gateway_payment_id


def surplus_authorizations(payment: Payment, held: Sequence[Held]) -> list[str]:
    """What gateways hold of a payment besides what is taken of it, by their ids: nobody takes it, and it goes back by itself."""
    if payment.status != "authorized" and payment.status not in PAID:
        return []
    return [
        one.gateway_payment_id
        for one in held
        if one.rank == ranks.AUTHORIZED and one.gateway_payment_id != payment.gateway_payment_id
    ]
