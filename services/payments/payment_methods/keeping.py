"""Keeping the stored methods that come with payments, whoever hears of them: the customer's page, a call-back or a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.payments.gateways.answers import Answered, Declined, Refused, Unavailable, Unknown
from services.payments.gateways.directory import Account, Gateways
from services.payments.gateways.facts import PaymentFact, TokenFact
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payment_methods.telling import method_news
from services.payments.payments.models import PAID, Held, Payment
from services.payments.payments.repository import PaymentReader
from services.payments.payments.telling import Told
from shared.contracts.payments import KeepPaymentMethod
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped

_NAMESPACE: Final = UUID("5d8f1f0e-2f0f-5a53-9c55-0f5c3f5b7d21")
_MADE: Final = frozenset({"authorized", *PAID})


def tell_of_methods(publisher: Publisher, told: Sequence[Told], held: Sequence[Held], after: Mapping[UUID, Payment]) -> None:
    """Have the methods kept that payments have brought which their customers made themselves, each once."""
    of = {one.gateway_payment_id: after[one.payment_id] for one in held}
    for one in told:
        fact = one.fact
        if not isinstance(fact, PaymentFact) or fact.token_id is None or fact.customer_id is None:
            continue
        payment = of.get(fact.payment_id)
        if payment is None or payment.customer_id is None or payment.payment_method_id is not None:
            continue
        if payment.status in _MADE and payment.account == one.account:
            command = KeepPaymentMethod(payment_id=payment.id, gateway_customer_id=fact.customer_id, token_id=fact.token_id)
            publisher.publish(command, message_id=uuid5(_NAMESPACE, f"{one.account}/{fact.token_id}"))


@dataclass(slots=True)
class MethodWork:
    """One method to be read at its gateway. token: what the gateway tells of it."""

    payment: Payment
    account: Account
    wanted: KeepPaymentMethod
    token: TokenFact | None = None


async def read_method(work: MethodWork) -> Outcome:
    """Ask what may be shown of it, and what it allows."""
    answer = await work.account.gateway.token(work.wanted.gateway_customer_id, work.wanted.token_id)
    match answer:
        case Answered(fact):
            work.token = fact
            return Done()
        case Refused(_, detail):
            return Failed(f"the gateway does not show the method: {detail}", "gateway_refused")
        case Unknown(detail) | Unavailable(detail):
            return Retry(f"the gateway is not there: {detail}", after_s=answer.retry_after_s)
        case Declined():
            raise AssertionError("looks are not declined")


class MethodKeeping:
    """Works in one unit of work."""

    def __init__(
        self, session: Session, payments: PaymentReader, methods: MethodRepository, gateways: Gateways, clock: Clock
    ) -> None:
        self._session = session
        self._payments = payments
        self._methods = methods
        self._gateways = gateways
        self._clock = clock

    async def claim(self, wanted: KeepPaymentMethod) -> MethodWork | Outcome:
        """Whose it will be."""
        payment = await self._payments.find(wanted.payment_id, None)
        if payment is None or payment.customer_id is None:
            return Skipped("there is no such payment of a customer")
        return MethodWork(payment, await self._gateways.get(self._session, payment.account), wanted)

    async def keep(self, payment: Payment, token: TokenFact, gateway_customer_id: str) -> None:
        """Keep it; one that is there stays as it is."""
        assert payment.customer_id is not None, "a method is somebody's"
        await self._methods.add(
            method_news(payment.account, token),
            gateway_customer_id=gateway_customer_id,
            organization_id=payment.organization_id,
            customer_id=payment.customer_id,
            now=self._clock(),
        )
