"""What follows from a payment's failure: another try by itself or none, and that its customer hears of it once for each try."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.payments.attempts.upkeep_repository import UpkeepRepository
from services.payments.customers.models import reference_of
from services.payments.payments.listeners import Missed, PaymentListener
from services.payments.payments.models import Payment
from services.payments.payments.writing_repository import PaymentRepository
from shared.contracts.money import Money
from shared.contracts.notifications import SendPaymentFailed
from shared.contracts.payments import PaymentFailed, RetryFailedPayments
from shared.contracts.payments.charges import PROMISED
from shared.runtime.clock import Clock
from shared.runtime.errors import Dropped
from shared.runtime.outbox import Publisher

_WORTH: Final = timedelta(days=7)
_LATER: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=5))
"""After the first, second and third failure that may heal with time, or later where the decline says so; then it is the
customer's. Failures of other kinds take none of them."""
_TECHNICAL: Final = timedelta(hours=1)
_MOST_ROUNDS: Final = 3
"""Each of all tries of a message: at once and after 60, 120, 240 and 480 s."""
_ROUND: Final = PROMISED.max_retries + 1
_NAMESPACE: Final = UUID("c2a7b1de-6c0e-5d0a-9d8c-3f0a1f2e4b65")


class FailureHandling:
    """Works in one unit of work, under the payment's lock."""

    def __init__(
        self,
        payments: PaymentRepository,
        upkeep: UpkeepRepository,
        publisher: Publisher,
        clock: Clock,
        listeners: Sequence[PaymentListener] = (),
    ) -> None:
        self._payments = payments
        self._upkeep = upkeep
        self._publisher = publisher
        self._clock = clock
        self._listeners = listeners

    async def handle(self, payment_id: UUID) -> None:
        """Raises Dropped where it has not failed, is handled already, or is just being tried again."""
        payment = (await self._payments.lock([payment_id])).get(payment_id)
        if payment is None or payment.status != "failed":
            raise Dropped("the payment has not failed, or not any more")
        if payment.handled_tries >= payment.tries:
            raise Dropped("it was handled before")
        if payment.is_charging:
            raise Dropped("it is tried again at once")
        now = self._clock()
        soon = soon_again(payment, now)
        next_attempt_at = soon or next_try(payment, now)
        reason = "it is tried again" if next_attempt_at is not None else "it is not tried again by itself"
        ends_round = soon is None
        await self._upkeep.handled(payment.id, next_attempt_at=next_attempt_at, reason=reason, ends_round=ends_round, at=now)
        if soon is not None:
            self._have_retried(payment, soon)
        self._tell(payment, next_attempt_at, now, hears=ends_round or _place(payment) == 1)
        for listener in self._listeners:
            await listener.missed(Missed(payment, next_attempt_at, now))

    def _have_retried(self, payment: Payment, at: datetime) -> None:
        """The schedule's next run would be up to half an hour late for this."""
        key = uuid5(_NAMESPACE, f"{payment.id}/{payment.tries}")
        self._publisher.publish(RetryFailedPayments(slot=at), due_at=at, message_id=key)

    def _tell(self, payment: Payment, next_attempt_at: datetime | None, now: datetime, *, hears: bool) -> None:
        amount = Money(amount_minor=payment.amount_minor, currency=payment.currency)
        self._publisher.publish(
            PaymentFailed(
                payment_id=payment.id,
                organization_id=payment.organization_id,
                customer_id=payment.customer_id,
                amount=amount,
                tries=payment.tries,
                kind=payment.decline_kind,
                failed_at=now,
            )
        )
        # Of a period that is charged without its customer, dunning tells, which knows when it is tried again.
        is_dunned = payment.subscription_id is not None and payment.payment_method_id is not None
        if hears and payment.customer_id is not None and not is_dunned:
            self._publisher.publish(
                SendPaymentFailed(
                    to_person=reference_of(payment.customer_id),
                    organization_id=payment.organization_id,
                    payment_id=str(payment.id),
                    order_id=str(payment.order_id) if payment.order_id is not None else None,
                    amount=amount,
                    failure=payment.failure,
                    next_attempt_at=next_attempt_at,
                    subject_key=failure_subject(payment.id),
                    dedupe_key=f"payments.payment_failed:{payment.id}:{payment.tries}",
                    valid_until=now + _WORTH,
                )
            )


def soon_again(payment: Payment, now: datetime) -> datetime | None:
    """When a technical failure is tried again that only a call-back or the janitor has told of, so that its message could not.

    The pauses are the message's. A subscription decides for its own payments.
    """
    if payment.payment_method_id is None or payment.subscription_id is not None or payment.decline_kind != "safe_now":
        return None
    if payment.tries - max(payment.handled_tries, 0) != 1 or _place(payment) == 0:
        return None
    return now + timedelta(seconds=PROMISED.delay_s(_place(payment)))


def _place(payment: Payment) -> int:
    """Which try of its round has failed last, from 1; 0 for the last one."""
    return payment.tries % _ROUND


def next_try(payment: Payment, now: datetime) -> datetime | None:
    """When it is charged again by itself after a message's tries. A subscription decides that for its own payments."""
    if payment.payment_method_id is None or payment.subscription_id is not None:
        return None
    if payment.decline_kind == "later" and payment.later_declines < len(_LATER):
        return now + max(_LATER[payment.later_declines], timedelta(seconds=payment.decline_delay_s or 0))
    if payment.decline_kind == "safe_now" and payment.technical_declines + 1 < _MOST_ROUNDS:
        return now + _TECHNICAL
    return None


def failure_subject(payment_id: UUID) -> str:
    """Under which notifications keeps what is said of a failure, and drops what is not sent once it is paid."""
    return f"payments.payment_failure:{payment_id}"
