"""Payments as their customers and operators make them: each flow that calls a gateway has a unit of work before and one after."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.payments.attempts import calling
from services.payments.attempts.call_claims import CallClaims, CallRecords
from services.payments.attempts.charging import PAYMENT_NOTE
from services.payments.attempts.models import End
from services.payments.attempts.work import CallWork
from services.payments.gateways.answers import Answered, Refused, Unavailable, Unknown
from services.payments.gateways.facts import OrderFact, TokenFact
from services.payments.gateways.gateway import CustomerRequest, Mandate, OrderRequest
from services.payments.gateways.signatures import OrderProof
from services.payments.payments.creating import Asked, Beginning, Begun, Made
from services.payments.payments.errors import (
    CheckoutNotProved,
    GatewayRefused,
    GatewayUnavailable,
    MandateNeedsCustomer,
    OutcomeUnknown,
    PaymentNotFound,
    PaymentStateForbids,
)
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentReader
from services.payments.payments.telling import Told
from shared.runtime.db import Session
from shared.runtime.failpoints import failpoint
from shared.runtime.outcomes import Failed, Outcome, Retry, Skipped


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom a gateway gets to know; never logged."""

    reference: str
    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a customer's page needs to open the gateway's form."""

    payment: Payment
    public_key: str | None
    gateway_order_id: str
    client_secret: str | None


class Parts(Protocol):
    """Makes the parts of a unit of work; see payment_deps.py."""

    def beginning(self, session: Session) -> Beginning: ...
    def made(self, session: Session) -> Made: ...
    def facts(self, session: Session) -> GatewayFacts: ...
    def claims(self, session: Session) -> CallClaims: ...
    def records(self, session: Session) -> CallRecords: ...
    async def payer(self, session: Session, payment: Payment) -> Payer | None: ...
    async def keep_customer(self, session: Session, payment: Payment, gateway_customer_id: str) -> None: ...
    async def keep_method(self, session: Session, payment: Payment, token: TokenFact, gateway_customer_id: str) -> None: ...


UnitOfWork = Callable[[], AbstractAsyncContextManager[Session]]


class PaymentDesk:
    """Opens its own units of work; no session is open while a gateway is called."""

    def __init__(self, unit_of_work: UnitOfWork, parts: Parts) -> None:
        self._unit_of_work = unit_of_work
        self._parts = parts

    async def create(self, asked: Asked, organization_id: UUID, mandate: Mandate | None, *, by: str) -> Checkout:
        """Begin a payment at its gateway.

        Raises what Beginning does, GatewayRefused, GatewayUnavailable (nothing was done) and OutcomeUnknown: asked again with the
        same body, the gateway is asked first what it has.
        """
        async with self._unit_of_work() as session:
            begun = await self._parts.beginning(session).begin(asked, organization_id, by=by)
            payer = await self._parts.payer(session, begun.payment) if mandate is not None else None
        if begun.attempt is None:
            assert begun.payment.gateway_order_id is not None, "else there was a call to make"
            payment = begun.payment
            return Checkout(payment, begun.account.public_key, begun.payment.gateway_order_id, payment.client_secret)
        customer_id = await self._gateway_customer(begun, payer) if mandate is not None else begun.gateway_customer_id
        fact, ends = await self._order(begun, mandate, customer_id, by=by)
        async with self._unit_of_work() as session:
            await self._parts.made(session).end(begun.payment.id, ends)
            told = [Told(begun.account.key, fact)]
            after = await self._parts.facts(session).apply(told, touched=[begun.payment.id], by=by)
        return Checkout(after[begun.payment.id], begun.account.public_key, fact.order_id, fact.client_secret)

    async def _order(
        self, begun: Begun, mandate: Mandate | None, customer_id: str | None, *, by: str
    ) -> tuple[OrderFact, list[End]]:
        gateway, payment, attempt = begun.account.gateway, begun.payment, begun.attempt
        assert attempt is not None, "an attempt is begun"
        if begun.earlier is not None:
            found = await gateway.orders_by_receipt(str(begun.earlier.id), begun.earlier.started_at)
            if not isinstance(found, Answered):
                await self._end(payment.id, End(attempt, "unavailable", "it was not made"))
                raise GatewayUnavailable("the gateway does not say what became of an earlier request; try again in a minute")
            if found.fact:
                return found.fact[0], [End(begun.earlier.id, "succeeded"), End(attempt, "unavailable", "it was not needed")]
        request = OrderRequest(
            receipt=str(attempt),
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            customer_id=customer_id,
            capture=True,
            mandate=mandate,
            notes={PAYMENT_NOTE: str(payment.id)},
        )
        failpoint("payments.order.before_call")
        answer = await gateway.create_order(request)
        failpoint("payments.order.called")
        if isinstance(answer, Unknown):
            again = await gateway.orders_by_receipt(str(attempt), payment.created_at)
            answer = Answered(again.fact[0]) if isinstance(again, Answered) and again.fact else answer
        match answer:
            case Answered(fact):
                earlier = [End(begun.earlier.id, "unavailable", "the gateway knows nothing of it")] if begun.earlier else []
                return fact, [*earlier, End(attempt, "succeeded", gateway_order_id=fact.order_id)]
            case Refused(_, detail):
                async with self._unit_of_work() as session:
                    await self._parts.made(session).give_up(payment, [End(attempt, "refused", detail)], detail, by=by)
                raise GatewayRefused(f"the gateway refuses the payment: {detail}")
            case Unknown(detail):
                await self._end(payment.id, End(attempt, "unknown", detail))
                raise OutcomeUnknown("the gateway did not answer; repeat the request, which asks first what became of it")
            case _:
                assert isinstance(answer, Unavailable)
                await self._end(payment.id, End(attempt, "unavailable", answer.detail))
                raise GatewayUnavailable("the gateway is not there; nothing was done, try again in a minute")

    async def verify(self, payment_id: UUID, organization_id: UUID, shown_id: str, signature: str) -> Payment:
        """Believe what a customer's page shows only as far as the gateway has signed it, and ask the gateway for the rest.

        Raises PaymentNotFound, CheckoutNotProved and GatewayUnavailable.
        """
        payment, work = await self._work(payment_id, organization_id, CallClaims.resolve)
        assert work.account is not None, "offline payments have nobody to ask"
        gateway = work.account.gateway
        if payment.gateway_order_id is None:
            raise CheckoutNotProved("the payment has no order at the gateway yet")
        if gateway.order_first and not gateway.verify_checkout(OrderProof(payment.gateway_order_id, shown_id, signature)):
            raise CheckoutNotProved("the signature is not the gateway's for this payment")
        seen = await gateway.payment(shown_id if gateway.order_first else payment.gateway_order_id)
        if not isinstance(seen, Answered) or seen.fact.order_id not in (None, payment.gateway_order_id):
            raise GatewayUnavailable("the gateway does not tell of the payment yet; its state comes by itself")
        work.found.told.append(Told(work.account.key, seen.fact))
        token = await self._token(work, seen.fact.customer_id, seen.fact.token_id)
        async with self._unit_of_work() as session:
            if token is not None and seen.fact.customer_id is not None:
                await self._parts.keep_method(session, payment, token, seen.fact.customer_id)
            after = await self._parts.records(session).record([work])
        return after[payment_id]

    async def capture(self, payment_id: UUID, organization_id: UUID) -> Payment:
        """Take an authorized payment, also one that was given up and that the gateway still holds.

        Raises PaymentNotFound, PaymentStateForbids, GatewayUnavailable and GatewayRefused.
        """
        _, work = await self._work(payment_id, organization_id, CallClaims.capture_after_all)
        return await self._carry_out(work, calling.capture)

    async def release(self, payment_id: UUID, organization_id: UUID) -> Payment:
        """Give an authorized payment up. Raises as `capture`."""
        _, work = await self._work(payment_id, organization_id, CallClaims.release)
        return await self._carry_out(work, calling.release)

    async def _carry_out(self, work: CallWork, call: Callable[[CallWork], Awaitable[Outcome]]) -> Payment:
        outcome = await call(work)
        async with self._unit_of_work() as session:
            after = (await self._parts.records(session).record([work]))[work.payment.id]
        if isinstance(outcome, Retry):
            raise GatewayUnavailable(f"{outcome.error}; try again in a minute")
        if isinstance(outcome, Failed):
            raise GatewayRefused(outcome.error)
        return after

    async def _work(
        self,
        payment_id: UUID,
        organization_id: UUID,
        begin: Callable[[CallClaims, list[UUID]], Awaitable[dict[UUID, CallWork | Outcome]]],
    ) -> tuple[Payment, CallWork]:
        async with self._unit_of_work() as session:
            payment = await PaymentReader(session).find(payment_id, organization_id)
            if payment is None:
                raise payment_not_found()
            work = (await begin(self._parts.claims(session), [payment_id]))[payment_id]
        if not isinstance(work, CallWork):
            reason = work.reason if isinstance(work, Skipped) else "it is not to be called about"
            raise PaymentStateForbids(f"{reason}; read it to see what can be done", payment_status=payment.status)
        return work.payment, work

    async def _gateway_customer(self, begun: Begun, payer: Payer | None) -> str:
        if begun.gateway_customer_id is not None:
            return begun.gateway_customer_id
        if payer is None:
            raise MandateNeedsCustomer("the invoice names no customer, and a mandate is one of a customer")
        made = await begun.account.gateway.create_customer(CustomerRequest(payer.reference, payer.name, payer.email, payer.phone))
        if not isinstance(made, Answered):
            assert begun.attempt is not None, "an attempt is begun"
            await self._end(begun.payment.id, End(begun.attempt, "unavailable", "it was not made"))
            raise GatewayUnavailable("the gateway does not make the customer known; nothing was charged, try again in a minute")
        async with self._unit_of_work() as session:
            await self._parts.keep_customer(session, begun.payment, made.fact.customer_id)
        return made.fact.customer_id

    async def _token(self, work: CallWork, customer_id: str | None, token_id: str | None) -> TokenFact | None:
        if work.account is None or customer_id is None or token_id is None or work.payment.customer_id is None:
            return None
        told = await work.account.gateway.token(customer_id, token_id)
        return told.fact if isinstance(told, Answered) else None

    async def _end(self, payment_id: UUID, end: End) -> None:
        async with self._unit_of_work() as session:
            await self._parts.made(session).end(payment_id, [end])


def payment_not_found() -> PaymentNotFound:
    """The refusal, with how to mend it."""
    return PaymentNotFound("there is no payment with this id; list the payments of the order or customer")
