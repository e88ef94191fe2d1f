"""Calls about payments that are there: asking what became of them, capturing, releasing, giving back. No session is open here."""

from datetime import datetime
from typing import Final

from services.payments.attempts.models import End
from services.payments.attempts.work import CallWork
from services.payments.gateways.answers import Answer, Answered, Declined, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.facts import PaymentFact
from services.payments.gateways.gateway import Gateway, RefundRequest
from services.payments.gateways.offline import OfflineRefund, offline_refund
from services.payments.payments.telling import Told
from shared.runtime.failpoints import failpoint
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

ASK_AGAIN_S: Final = 30.0


async def ask(work: CallWork) -> Outcome:
    """All that the gateway has of a payment. Where it answers and has nothing, nothing was done there."""
    assert work.account is not None, "offline payments have nobody to ask"
    gateway, order_ids = work.account.gateway, list[str]()
    if work.payment.gateway_order_id is not None:
        order_ids.append(work.payment.gateway_order_id)
    for call in work.unfinished:
        if call.kind not in ("order", "charge") or (call.kind == "charge" and gateway.order_first):
            continue
        orders = await gateway.orders_by_receipt(str(call.id), call.started_at, call.called_at)
        if not isinstance(orders, Answered):
            return _again(orders)
        work.found.told += [Told(work.account.key, one) for one in orders.fact]
        order_ids += [one.order_id for one in orders.fact if one.order_id not in order_ids]
    for order_id in order_ids:
        work.found.order_id = order_id
        payments = await gateway.payments_of_order(order_id)
        if not isinstance(payments, Answered):
            return _again(payments)
        work.found.told += [Told(work.account.key, one) for one in payments.fact]
    if not order_ids and work.payment.gateway_payment_id is not None:
        return await _look(work, gateway, work.payment.gateway_payment_id)
    return Done()


async def capture(work: CallWork) -> Outcome:
    """Take what is authorized. Where it may have been taken before, look."""
    assert work.account is not None, "offline payments are captured from the start"
    assert work.payment.gateway_payment_id is not None, "what is authorized has an id"
    gateway, payment = work.account.gateway, work.payment
    failpoint("payments.capture.before_call")
    answer = await gateway.capture(work.payment.gateway_payment_id, payment.amount_minor, payment.currency)
    failpoint("payments.capture.called")
    return await _moved(work, gateway, answer)


async def release(work: CallWork) -> Outcome:
    """Give an authorization up; where the gateway cannot, it goes back by itself."""
    assert work.account is not None, "offline payments are captured from the start"
    assert work.payment.gateway_payment_id is not None, "what is authorized has an id"
    gateway = work.account.gateway
    failpoint("payments.cancel.before_call")
    answer = await gateway.cancel(work.payment.gateway_payment_id)
    failpoint("payments.cancel.called")
    if isinstance(answer, Refused) and answer.why is Refusal.UNSUPPORTED:
        _end(work, "refused", answer.detail)
        return Done()
    return await _moved(work, gateway, answer)


async def give_back(work: CallWork, now: datetime) -> Outcome:
    """Refund, under the refund's own id: made again it is the same call. now: for money that a person hands back."""
    refund = work.refund
    assert refund is not None, "there is one to make"
    if work.account is None:
        record = OfflineRefund(str(refund.id), refund.gateway_payment_id or "", refund.amount_minor, refund.currency, now)
        fact = offline_refund(record)
        work.found.told.append(Told(refund.account, fact))
        return Done()
    gateway = work.account.gateway
    known = await _known_refund(work, gateway)
    if known is not None:
        return known
    assert refund.gateway_payment_id is not None, "what was captured has an id"
    request = RefundRequest(str(refund.id), refund.gateway_payment_id, refund.amount_minor, refund.currency)
    failpoint("payments.refund.before_call")
    answer = await gateway.refund(request)
    failpoint("payments.refund.called")
    match answer:
        case Answered(fact):
            work.found.told.append(Told(work.account.key, fact))
            _end(work, "succeeded", None)
            return Done()
        case Unknown(detail) | Unavailable(detail):
            _end(work, "unknown" if isinstance(answer, Unknown) else "unavailable", detail)
            return Retry(f"the refund is not answered: {detail}", after_s=answer.retry_after_s)
        case Refused(Refusal.SETUP, detail):
            _end(work, "refused", detail)
            return Failed(f"the gateway refuses our request: {detail}", "gateway_refused")
        case Refused(_, detail):
            _end(work, "refused", detail)
            work.refused = detail
            return Done()
        case Declined():
            raise AssertionError("refunds are not declined")


async def _known_refund(work: CallWork, gateway: Gateway) -> Outcome | None:
    """A refund that the gateway has, or may have, from before; None where it is to be made."""
    refund, account = work.refund, work.account
    assert refund is not None
    assert account is not None
    if refund.gateway_refund_id is not None:
        one = await gateway.refund_by_id(refund.gateway_refund_id)
        if not isinstance(one, Answered):
            return _again(one)
        work.found.told.append(Told(account.key, one.fact))
        return Done()
    if not work.is_old or refund.gateway_payment_id is None:
        return None
    all_of_it = await gateway.refunds_of_payment(refund.gateway_payment_id)
    if not isinstance(all_of_it, Answered):
        return _again(all_of_it)
    mine = [one for one in all_of_it.fact if one.receipt == str(refund.id)]
    work.found.told += [Told(account.key, one) for one in mine]
    return Done() if mine else None


async def _moved(work: CallWork, gateway: Gateway, answer: Answer[PaymentFact]) -> Outcome:
    assert work.account is not None
    assert work.payment.gateway_payment_id is not None
    match answer:
        case Answered(fact):
            work.found.told.append(Told(work.account.key, fact))
            _end(work, "succeeded", None)
            return Done()
        case Declined(decline, fact):
            work.found.told += [Told(work.account.key, fact)] if fact is not None else []
            _end(work, "declined", decline.reason)
            return Done()
        case Unavailable(detail, retry_after_s):
            _end(work, "unavailable", detail)
            return Retry(f"the gateway is not there: {detail}", after_s=retry_after_s)
        case Refused(Refusal.SETUP, detail):
            _end(work, "refused", detail)
            return Failed(f"the gateway refuses our request: {detail}", "gateway_refused")
        case Refused(_, detail) | Unknown(detail):
            # It may be done already: what the gateway has decides.
            _end(work, "unknown" if isinstance(answer, Unknown) else "refused", detail)
            return await _look(work, gateway, work.payment.gateway_payment_id)


async def _look(work: CallWork, gateway: Gateway, payment_id: str) -> Outcome:
    assert work.account is not None
    seen = await gateway.payment(payment_id)
    if not isinstance(seen, Answered):
        return _again(seen)
    work.found.told.append(Told(work.account.key, seen.fact))
    return Done()


def _again(answer: Declined | Refused | Unknown | Unavailable) -> Outcome:
    """A look that was not answered."""
    if isinstance(answer, Refused):
        return Failed(f"the gateway refuses to tell: {answer.detail}", "gateway_refused")
    if isinstance(answer, Declined):
        raise AssertionError("looks are not declined")
    return Retry(f"the gateway does not tell: {answer.detail}", after_s=max(answer.retry_after_s, ASK_AGAIN_S))


def _end(work: CallWork, status: str, detail: str | None) -> None:
    if work.attempt is not None:
        work.found.ends.append(End(work.attempt, status, detail))  # type: ignore[arg-type]  # one of the statuses
