"""Stripe behind the gateways' door (docs.stripe.com/api): PaymentIntents, of which each is our order and its payment at once.

Every call that does something carries an idempotency key, so that it is repeated once where its end is unknown. What the key is
made from says how long that holds: of an attempt's receipt it is the same call for a day, also from another process.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.payments.gateways.amounts import amount_fault
from services.payments.gateways.answers import Answer, Answered, Declined, Failure, Refusal, Refused
from services.payments.gateways.api import at
from services.payments.gateways.calls import GatewayCalls
from services.payments.gateways.documents import Malformed
from services.payments.gateways.events import Event
from services.payments.gateways.facts import (
    CustomerFact,
    DowntimeFact,
    OrderFact,
    PaymentFact,
    RefundFact,
    SettlementFact,
    TokenFact,
    oldest_first,
)
from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, OrderRequest, RefundRequest
from services.payments.gateways.reports import Reports
from services.payments.gateways.request_checks import fault_of
from services.payments.gateways.signatures import CheckoutProof
from services.payments.gateways.stripe_api import StripeApi
from services.payments.gateways.stripe_declines import stripe_decline
from services.payments.gateways.stripe_facts import (
    STRIPE,
    decline_of,
    order_fact,
    payment_fact,
    refund_fact,
    settlement_fact,
    token_fact,
)
from services.payments.gateways.stripe_lists import StripeReports
from services.payments.gateways.stripe_refusals import error_of, is_decline
from services.payments.gateways.stripe_requests import (
    EXPAND,
    charge_form,
    customer_form,
    key_of,
    key_of_form,
    order_form,
    refund_form,
)
from services.payments.gateways.stripe_webhooks import stripe_event
from shared.runtime.clock import Clock
from shared.runtime.outside.http_api import Reply

_SKEW: Final = timedelta(minutes=5)
_CREATION: Final = timedelta(minutes=15)
"""Around the moments at which an attempt was begun and called its PaymentIntent is looked for: clocks differ, and a call takes
its time."""
_EXPANDED: Final = (("expand[]", EXPAND),)


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """name: unique among all organizations. capture: whether payments whose order does not say it are captured by
    themselves."""

    name: str
    secret_key: str = field(repr=False)
    capture: bool = True
    url: str = "https://api.stripe.com"


class StripeGateway:
    """One account at Stripe; a `Gateway`."""

    name = STRIPE
    order_first = False

    def __init__(self, account: StripeAccount, calls: GatewayCalls, clock: Clock) -> None:
        self.account = account.name
        self._settings = account
        self._api = StripeApi(calls)
        self.reports: Reports = StripeReports(self._api)
        self._clock = clock

    async def create_order(self, request: OrderRequest) -> Answer[OrderFact]:
        fault = fault_of(STRIPE, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is None and (request.partial_payment or request.notice is not None):
            fault = Refused(Refusal.UNSUPPORTED, "stripe takes no part of a payment, and gives notice of debits by itself")
        if fault is not None:
            return fault
        form = order_form(request, capture=self._settings.capture)
        ended = await self._api.do("create_order", at("payment_intents"), form, key_of("order", request.receipt))
        return self._api.done(ended, order_fact)

    async def order(self, order_id: str) -> Answer[OrderFact]:
        return await self._api.ask("order", at("payment_intents", order_id), order_fact)

    async def orders_by_receipt(
        self, receipt: str, since: datetime, until: datetime | None = None
    ) -> Answer[Sequence[OrderFact]]:
        # Search would find them by their metadata, but a minute late, and not for accounts in India.
        query = [
            ("created[gte]", str(int((since - _SKEW).timestamp()))),
            ("created[lte]", str(int(((until or since) + _CREATION).timestamp()))),
        ]
        found = await self._api.ask_all("orders_by_receipt", at("payment_intents"), order_fact, query)
        return Answered([one for one in found.fact if one.receipt == receipt]) if isinstance(found, Answered) else found

    async def payments_of_order(self, order_id: str) -> Answer[Sequence[PaymentFact]]:
        found = await self.payment(order_id)
        return Answered([found.fact]) if isinstance(found, Answered) else found

    async def payment(self, payment_id: str) -> Answer[PaymentFact]:
        return await self._api.ask("payment", at("payment_intents", payment_id), payment_fact, _EXPANDED)

    async def charge(self, request: ChargeRequest) -> Answer[PaymentFact]:
        fault = fault_of(STRIPE, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is None and request.order_id is not None:
            fault = Refused(Refusal.INVALID, "a charge at stripe has no order before it; leave order_id out", "order_id")
        if fault is not None:
            return fault
        form = charge_form(request, capture=self._settings.capture)
        ended = await self._api.do("charge", at("payment_intents"), form, key_of("charge", request.receipt))
        return _declined(ended) or self._api.done(ended, payment_fact)

    async def capture(self, payment_id: str, amount_minor: int, currency: str) -> Answer[PaymentFact]:
        fault = amount_fault(STRIPE, amount_minor, currency)
        if fault is not None:
            return Refused(Refusal.INVALID, fault, "amount")
        form = {"amount_to_capture": str(amount_minor), "expand[]": EXPAND}
        path = at("payment_intents", payment_id, "capture")
        # A payment is captured once whatever the key; one of its own lets a later call see more than the end of this one.
        ended = await self._api.do("capture", path, form, key_of("capture", uuid.uuid4().hex))
        return _declined(ended) or self._api.done(ended, payment_fact)

    async def cancel(self, payment_id: str) -> Answer[PaymentFact]:
        path = at("payment_intents", payment_id, "cancel")
        ended = await self._api.do("cancel", path, {"expand[]": EXPAND}, key_of("cancel", uuid.uuid4().hex))
        return self._api.done(ended, payment_fact)

    async def refund(self, request: RefundRequest) -> Answer[RefundFact]:
        fault = fault_of(STRIPE, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is not None:
            return fault
        ended = await self._api.do("refund", at("refunds"), refund_form(request), key_of("refund", request.receipt))
        return self._api.done(ended, refund_fact)

    async def refunds_of_payment(self, payment_id: str) -> Answer[Sequence[RefundFact]]:
        query = [("payment_intent", payment_id)]
        found = await self._api.ask_all("refunds_of_payment", at("refunds"), refund_fact, query)
        return Answered(oldest_first(found.fact)) if isinstance(found, Answered) else found

    async def refund_by_id(self, refund_id: str) -> Answer[RefundFact]:
        return await self._api.ask("refund_by_id", at("refunds", refund_id), refund_fact)

    async def create_customer(self, request: CustomerRequest) -> Answer[CustomerFact]:
        form = customer_form(request)
        ended = await self._api.do("create_customer", at("customers"), form, key_of_form("customer", form))
        return self._api.done(ended, lambda customer: CustomerFact(STRIPE, customer.text("id")))

    async def tokens(self, customer_id: str) -> Answer[Sequence[TokenFact]]:
        query = [("customer", customer_id)]
        return await self._api.ask_all("tokens", at("payment_methods"), lambda one: token_fact(one, self._clock()), query)

    async def token(self, customer_id: str, token_id: str) -> Answer[TokenFact]:
        path = at("payment_methods", token_id)
        found = await self._api.ask("token", path, lambda one: token_fact(one, self._clock()))
        if isinstance(found, Answered) and found.fact.customer_id not in (None, customer_id):
            return Refused(Refusal.NOT_FOUND, "stripe: the payment method is another customer's", "customer")
        return found

    async def delete_token(self, customer_id: str, token_id: str) -> Answer[None]:  # noqa: ARG002 - Stripe knows whose it is
        path = at("payment_methods", token_id, "detach")
        ended = await self._api.do("delete_token", path, {}, key_of("detach", uuid.uuid4().hex))
        answer = self._api.done(ended, lambda _: None)
        is_gone = isinstance(answer, Refused) and (answer.why is Refusal.NOT_FOUND or "not attached" in answer.detail)
        return Answered(None) if is_gone else answer

    async def settlement(self, settlement_id: str) -> Answer[SettlementFact]:
        return await self._api.ask("settlement", at("payouts", settlement_id), settlement_fact)

    async def downtimes(self) -> Answer[Sequence[DowntimeFact]]:
        return Answered([])

    def verify_checkout(self, proof: CheckoutProof) -> bool:  # noqa: ARG002 - there is nothing that could prove anything
        return False

    def verify_webhook(self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
        return stripe_event(raw, headers, secrets, self._clock())

    async def may_retry(self) -> bool:
        return await self._api.calls.may_retry()

    async def close(self) -> None:
        await self._api.calls.close()


def _declined(ended: Reply | Failure) -> Declined | None:
    """What a card or its bank said no to; None for any other end."""
    if not isinstance(ended, Reply) or not is_decline(ended):
        return None
    error = error_of(ended)
    decline = decline_of(error) or stripe_decline("card_declined", None, "")
    try:
        return Declined(decline, payment_fact(error.child("payment_intent")))
    except Malformed:
        return Declined(decline)
