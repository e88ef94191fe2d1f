"""Charging stored methods: the calls themselves, without a session. What they bring to light is applied by whoever records it."""

from typing import Final

from services.payments.attempts.models import End
from services.payments.attempts.work import ChargeWork
from services.payments.gateways.answers import Answered, Declined, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.declines import Decline, DeclineKind, NextAction
from services.payments.gateways.facts import OrderFact, PaymentFact, PaymentStatus
from services.payments.gateways.gateway import ChargeRequest, Gateway, OrderRequest
from services.payments.payments.telling import Told
from shared.runtime.failpoints import failpoint
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

OURS: Final = "payments.refused"
PAYMENT_NOTE: Final = "payment"
"""The member of a gateway's notes that names our payment."""


async def charge(work: ChargeWork) -> Outcome:
    """Charge once; where an earlier call may have done it, find that out first and charge only if it certainly was not."""
    gateway = work.account.gateway
    if work.resumes:
        known = await _find(work, gateway)
        if known is not None:
            return known
    order_id = work.payment.gateway_order_id or work.found.order_id
    if gateway.order_first and order_id is None:
        made = await _make_order(work, gateway)
        if not isinstance(made, str):
            return made
        order_id = made
    request = ChargeRequest(
        receipt=str(work.charge),
        order_id=order_id if gateway.order_first else None,
        amount_minor=work.payment.amount_minor,
        currency=work.payment.currency,
        customer_id=work.card.gateway_customer_id,
        token_id=work.card.token,
        email=work.card.email,
        phone=work.card.phone,
        notes={PAYMENT_NOTE: str(work.payment.id)},
    )
    failpoint("payments.charge.before_call")
    answer = await gateway.charge(request)
    failpoint("payments.charge.called")
    match answer:
        case Answered(fact) if fact.status is PaymentStatus.FAILED and fact.decline is not None:
            return _declined(work, fact.decline, fact)
        case Answered(fact):
            return _took(work, fact)
        case Declined(decline, fact):
            return _declined(work, decline, fact)
        case Refused():
            return await _refused(work, gateway, answer, order_id)
        case Unknown(detail):
            # The janitor asks what became of it; nobody charges blindly.
            return _ended(work, "unknown", detail, Done())
        case Unavailable(detail, retry_after_s):
            return _not_done(work, detail, retry_after_s)


async def _make_order(work: ChargeWork, gateway: Gateway) -> str | Outcome:
    assert work.order is not None, "an attempt is begun where an order is needed"
    request = OrderRequest(
        receipt=str(work.order),
        amount_minor=work.payment.amount_minor,
        currency=work.payment.currency,
        customer_id=work.card.gateway_customer_id,
        capture=True,
        notes={PAYMENT_NOTE: str(work.payment.id)},
    )
    failpoint("payments.order.before_call")
    answer = await gateway.create_order(request)
    failpoint("payments.order.called")
    if isinstance(answer, Unknown):
        found = await gateway.orders_by_receipt(str(work.order), work.begun_at)
        answer = Answered(found.fact[0]) if isinstance(found, Answered) and found.fact else answer
    match answer:
        case Answered(fact):
            return _ordered(work, fact)
        case Refused(_, detail):
            return _our_fault(work, detail, work.order)
        case Unknown(detail):
            # An order that nobody pays does no harm: the next try makes another one.
            work.found.ends.append(End(work.order, "unavailable", detail))
            return _not_done(work, detail, 0.0)
        case Unavailable(detail, retry_after_s):
            work.found.ends.append(End(work.order, "unavailable", detail))
            return _not_done(work, detail, retry_after_s)
        case Declined():
            raise AssertionError("orders are not declined")


async def _find(work: ChargeWork, gateway: Gateway) -> Outcome | None:
    """What became of the calls of somebody who has died; None where nothing was charged, so that it may be done now."""
    order_id = work.payment.gateway_order_id
    if order_id is None:
        receipt = str(work.order or work.charge)
        orders = await gateway.orders_by_receipt(receipt, work.begun_at, work.called_at)
        if not isinstance(orders, Answered):
            return Retry("what became of an earlier call could not be asked", counts=False, after_s=60.0)
        if not orders.fact:
            return None
        order_id = _ordered(work, orders.fact[0])
    payments = await gateway.payments_of_order(order_id)
    if not isinstance(payments, Answered):
        return Retry("what became of an earlier call could not be asked", counts=False, after_s=60.0)
    fresh = [one for one in payments.fact if one.payment_id not in work.earlier]
    if not fresh:
        return None
    work.found.told += [Told(work.account.key, one) for one in fresh]
    return Done()


def _ordered(work: ChargeWork, fact: OrderFact) -> str:
    work.found.order_id = fact.order_id
    work.found.told.append(Told(work.account.key, fact))
    if work.order is not None:
        work.found.ends.append(End(work.order, "succeeded", gateway_order_id=fact.order_id))
    return fact.order_id


def _took(work: ChargeWork, fact: PaymentFact) -> Outcome:
    work.found.told.append(Told(work.account.key, fact))
    end = End(work.charge, "succeeded", gateway_order_id=fact.order_id, gateway_payment_id=fact.payment_id)
    work.found.ends.append(end)
    return Done()


def _declined(work: ChargeWork, decline: Decline, fact: PaymentFact | None) -> Outcome:
    work.found.decline = decline
    if fact is not None:
        work.found.told.append(Told(work.account.key, fact))
    end = End(work.charge, "declined", decline.reason, gateway_payment_id=fact.payment_id if fact is not None else None)
    work.found.ends.append(end)
    if decline.kind is DeclineKind.SAFE_NOW and not work.is_last:
        return Retry(f"the gateway failed: {decline.reason}", after_s=float(decline.delay_s or 0))
    return Done()


async def _refused(work: ChargeWork, gateway: Gateway, answer: Refused, order_id: str | None) -> Outcome:
    """An order that is paid already is looked at: an earlier try may have gone well after all."""
    if answer.why is Refusal.STATE and order_id is not None:
        payments = await gateway.payments_of_order(order_id)
        if isinstance(payments, Answered):
            work.found.told += [Told(work.account.key, one) for one in payments.fact]
            work.found.ends.append(End(work.charge, "refused", answer.detail))
            return Done()
        return _ended(work, "unknown", answer.detail, Done())
    return _our_fault(work, answer.detail, None)


def _our_fault(work: ChargeWork, detail: str, order: object) -> Outcome:
    """Somebody of ours has to mend it: a dead letter, and the payment waits."""
    work.found.decline = Decline(
        OURS, "refused", DeclineKind.OUR_SETUP, None, NextAction.CONTACT_US, "not_available", _NOT_AVAILABLE, detail
    )
    if order is not None and work.order is not None:
        work.found.ends.append(End(work.order, "refused", detail))
    return _ended(work, "refused", detail, Failed(f"the gateway refuses our request: {detail}", "gateway_refused"))


def _not_done(work: ChargeWork, detail: str, retry_after_s: float) -> Outcome:
    outcome: Outcome = Done() if work.is_last else Retry(f"the gateway is not there: {detail}", after_s=retry_after_s)
    return _ended(work, "unavailable", detail, outcome)


def _ended(work: ChargeWork, status: str, detail: str, outcome: Outcome) -> Outcome:
    work.found.ends.append(End(work.charge, status, detail))  # type: ignore[arg-type]  # one of the statuses
    return outcome


_NOT_AVAILABLE: Final = "This way of paying is not available at the moment. Please pay in another way. We know of it."
