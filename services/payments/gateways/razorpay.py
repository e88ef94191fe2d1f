"""Razorpay behind the gateways' door (razorpay.com/docs/api).

Orders have no idempotency key: after a time-out the receipt finds the order that may have been made. Refunds have one
(`X-Refund-Idempotency`), and are repeated once where their end is unknown. Everything else that does something is called once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.payments.gateways.amounts import amount_fault
from services.payments.gateways.answers import Answer, Answered, Declined, Failure, Refusal, Refused
from services.payments.gateways.api import at
from services.payments.gateways.calls import Call, GatewayCalls
from services.payments.gateways.declines import Decline
from services.payments.gateways.documents import Document
from services.payments.gateways.events import Event
from services.payments.gateways.facts import (
    CustomerFact,
    DowntimeFact,
    OrderFact,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    SettlementFact,
    TokenFact,
    oldest_first,
)
from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, OrderRequest, RefundRequest
from services.payments.gateways.razorpay_api import RazorpayApi
from services.payments.gateways.razorpay_facts import (
    RAZORPAY,
    downtime_fact,
    order_fact,
    payment_fact,
    refund_fact,
    settlement_fact,
    token_fact,
)
from services.payments.gateways.razorpay_lists import RazorpayReports
from services.payments.gateways.razorpay_refusals import declined, error_of
from services.payments.gateways.razorpay_requests import charge_body, customer_body, order_body, refund_body
from services.payments.gateways.razorpay_webhooks import razorpay_event
from services.payments.gateways.reports import Reports
from services.payments.gateways.request_checks import fault_of
from services.payments.gateways.signatures import CheckoutProof, proves
from shared.runtime.clock import Clock
from shared.runtime.outside.http_api import Reply


@dataclass(frozen=True, slots=True)
class RazorpayAccount:
    """name: unique among all organizations. capture: whether payments whose order does not say it are captured by
    themselves."""

    name: str
    key_id: str
    key_secret: str = field(repr=False)
    capture: bool = True
    url: str = "https://api.razorpay.com"


class RazorpayGateway:
    """One account at Razorpay; a `Gateway`."""

    name = RAZORPAY
    order_first = True

    def __init__(self, account: RazorpayAccount, calls: GatewayCalls, clock: Clock) -> None:
        self.account = account.name
        self._settings = account
        self._api = RazorpayApi(calls)
        self.reports: Reports = RazorpayReports(self._api)
        self._clock = clock

    async def create_order(self, request: OrderRequest) -> Answer[OrderFact]:
        fault = fault_of(RAZORPAY, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is None and request.mandate is not None and request.customer_id is None:
            fault = Refused(Refusal.INVALID, "a mandate is one of a customer; give customer_id", "customer_id")
        if fault is not None:
            return fault
        ended = await self._api.do("create_order", at("orders"), order_body(request, capture=self._settings.capture))
        return self._api.done(ended, order_fact)

    async def order(self, order_id: str) -> Answer[OrderFact]:
        return await self._api.ask("order", at("orders", order_id), order_fact)

    async def orders_by_receipt(
        self,
        receipt: str,
        since: datetime,  # noqa: ARG002 - it finds by receipt
        until: datetime | None = None,  # noqa: ARG002 - as above
    ) -> Answer[Sequence[OrderFact]]:
        found = await self._api.ask_all("orders_by_receipt", at("orders"), order_fact, [("receipt", receipt)])
        # Razorpay documents that it looks for orders that contain the receipt.
        return Answered([one for one in found.fact if one.receipt == receipt]) if isinstance(found, Answered) else found

    async def payments_of_order(self, order_id: str) -> Answer[Sequence[PaymentFact]]:
        def read(collection: Document) -> list[PaymentFact]:
            return oldest_first([payment_fact(one) for one in collection.items("items")])

        return await self._api.ask("payments_of_order", at("orders", order_id, "payments"), read)

    async def payment(self, payment_id: str) -> Answer[PaymentFact]:
        return await self._api.ask("payment", at("payments", payment_id), payment_fact)

    async def charge(self, request: ChargeRequest) -> Answer[PaymentFact]:
        fault = fault_of(RAZORPAY, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is None and None in (request.order_id, request.email, request.phone):
            fault = Refused(Refusal.INVALID, "a charge at razorpay needs order_id, email and phone", "input_validation_failed")
        if fault is not None:
            return fault
        ended = await self._api.do("charge", at("payments", "create", "recurring"), charge_body(request))
        refused = _declined(ended)
        if refused is not None:
            payment_id, decline = refused
            fact = self._made(request, payment_id, PaymentStatus.FAILED, decline) if payment_id is not None else None
            return Declined(decline, fact)
        answer = self._api.done(ended, lambda made: made.text("razorpay_payment_id"))
        if not isinstance(answer, Answered):
            return answer
        # The charge is known now by its id alone. Where it cannot be looked up, its outcome comes as a webhook.
        found = await self.payment(answer.fact)
        return found if isinstance(found, Answered) else Answered(self._made(request, answer.fact, PaymentStatus.CREATED, None))

    async def capture(self, payment_id: str, amount_minor: int, currency: str) -> Answer[PaymentFact]:
        fault = amount_fault(RAZORPAY, amount_minor, currency)
        if fault is not None:
            return Refused(Refusal.INVALID, fault, "amount")
        body = {"amount": amount_minor, "currency": currency}
        ended = await self._api.do("capture", at("payments", payment_id, "capture"), body)
        refused = _declined(ended)
        return Declined(refused[1]) if refused is not None else self._api.done(ended, payment_fact)

    async def cancel(self, payment_id: str) -> Answer[PaymentFact]:  # noqa: ARG002 - there is no such call
        return Refused(Refusal.UNSUPPORTED, "razorpay gives up no authorization; what is not captured goes back after 3 days")

    async def refund(self, request: RefundRequest) -> Answer[RefundFact]:
        fault = fault_of(RAZORPAY, request.receipt, request.amount_minor, request.currency, request.notes)
        if fault is not None:
            return fault
        path, key = at("payments", request.payment_id, "refund"), {"X-Refund-Idempotency": request.receipt}
        ended = await self._api.do("refund", path, refund_body(request), key, repeatable=True)
        return self._api.done(ended, refund_fact)

    async def refunds_of_payment(self, payment_id: str) -> Answer[Sequence[RefundFact]]:
        found = await self._api.ask_all("refunds_of_payment", at("payments", payment_id, "refunds"), refund_fact)
        return Answered(oldest_first(found.fact)) if isinstance(found, Answered) else found

    async def refund_by_id(self, refund_id: str) -> Answer[RefundFact]:
        return await self._api.ask("refund_by_id", at("refunds", refund_id), refund_fact)

    async def create_customer(self, request: CustomerRequest) -> Answer[CustomerFact]:
        # With an address or a number the same customer is found again; without, each call makes another one.
        repeatable = bool(request.email or request.phone)
        ended = await self._api.do("create_customer", at("customers"), customer_body(request), repeatable=repeatable)
        return self._api.done(ended, lambda customer: CustomerFact(RAZORPAY, customer.text("id")))

    async def tokens(self, customer_id: str) -> Answer[Sequence[TokenFact]]:
        def read(collection: Document) -> list[TokenFact]:
            return [token_fact(one, customer_id, self._clock()) for one in collection.items("items")]

        return await self._api.ask("tokens", at("customers", customer_id, "tokens"), read)

    async def token(self, customer_id: str, token_id: str) -> Answer[TokenFact]:
        path = at("customers", customer_id, "tokens", token_id)
        return await self._api.ask("token", path, lambda token: token_fact(token, customer_id, self._clock()))

    async def delete_token(self, customer_id: str, token_id: str) -> Answer[None]:
        path = at("customers", customer_id, "tokens", token_id)
        ended = await self._api.calls.make(Call("delete_token", "DELETE", path, does=True, repeatable=True))
        answer = self._api.done(ended, lambda _: None)
        is_gone = isinstance(answer, Refused) and answer.why is Refusal.NOT_FOUND
        return Answered(None) if is_gone else answer

    async def settlement(self, settlement_id: str) -> Answer[SettlementFact]:
        return await self._api.ask("settlement", at("settlements", settlement_id), settlement_fact)

    async def downtimes(self) -> Answer[Sequence[DowntimeFact]]:
        def read(collection: Document) -> list[DowntimeFact]:
            return [downtime_fact(one, self._clock()) for one in collection.items("items")]

        return await self._api.ask("downtimes", at("payments", "downtimes"), read)

    def verify_checkout(self, proof: CheckoutProof) -> bool:
        return proves(proof, self._settings.key_secret)

    def verify_webhook(self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
        return razorpay_event(raw, headers, secrets, self._clock())

    async def may_retry(self) -> bool:
        return await self._api.calls.may_retry()

    async def close(self) -> None:
        await self._api.calls.close()

    def _made(self, request: ChargeRequest, payment_id: str, status: PaymentStatus, decline: Decline | None) -> PaymentFact:
        """A payment of which only the id was told."""
        return PaymentFact(
            gateway=RAZORPAY,
            payment_id=payment_id,
            order_id=request.order_id,
            receipt=request.receipt,
            status=status,
            amount_minor=request.amount_minor,
            currency=request.currency,
            captured_minor=0,
            refunded_minor=0,
            occurred_at=self._clock(),
            customer_id=request.customer_id,
            token_id=request.token_id,
            decline=decline,
        )


def _declined(ended: Reply | Failure) -> tuple[str | None, Decline] | None:
    """The payment that was made all the same, where there is one, and why it was declined; None for any other end."""
    if not isinstance(ended, Reply) or ended.status < 300:
        return None
    decline = declined(ended)
    return (error_of(ended).child("metadata").text_or_none("payment_id"), decline) if decline is not None else None
