"""Beginning payments: what is due is locked and checked, the attempt is committed, and only then the gateway is called."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.attempts.models import Attempt, Begin, End
from services.payments.attempts.repository import AttemptRepository
from services.payments.gateways.amounts import check_amount
from services.payments.gateways.directory import Account, Gateways
from services.payments.invoices.repository import InvoiceReader
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payments.errors import (
    AlreadyBeingPaid,
    AmountAboveDue,
    CurrencyDiffers,
    GatewayNotSetUp,
    NothingDue,
    NothingToPay,
)
from services.payments.payments.models import NewPayment, Payment
from services.payments.payments.writing_repository import PaymentRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

SETTLE: Final = timedelta(seconds=45)
"""How long a call of somebody else may be on its way: the longest that a call takes, and more."""
PAY_WITHIN: Final = timedelta(minutes=30)
"""How long a checkout may stay open. Until then its order does not change; after that the money is still taken where it comes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to pay. amount_minor: a part of it; None for all that is due. currency: as they think it is due in.
    gateway: which one, where there is a choice."""

    order_id: UUID | None
    invoice_id: UUID | None
    amount_minor: int | None
    currency: str | None
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, and whose it is. The order is held."""

    order_id: UUID | None
    invoice_id: UUID | None
    customer_id: UUID | None
    currency: str
    due_minor: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment that its customer is to make. attempt: the call of the gateway that is to be made now; None where its order is
    there. earlier: a call of which nobody knows the end; it is asked for first. gateway_customer_id: as whom the gateway knows
    the customer; None where it does not."""

    payment: Payment
    account: Account
    attempt: UUID | None
    earlier: Attempt | None
    gateway_customer_id: str | None


class Beginning:
    """Works in one unit of work. Payments are locked before their orders, as everywhere."""

    def __init__(
        self,
        session: Session,
        payments: PaymentRepository,
        attempts: AttemptRepository,
        receipts: ReceiptRepository,
        invoices: InvoiceReader,
        methods: MethodRepository,
        gateways: Gateways,
        clock: Clock,
    ) -> None:
        self._session = session
        self._payments = payments
        self._attempts = attempts
        self._receipts = receipts
        self._invoices = invoices
        self._methods = methods
        self._gateways = gateways
        self._clock = clock

    async def begin(self, asked: Asked, organization_id: UUID, *, by: str) -> Begun:
        """Begin a payment, or go on with the one that is there for the same amount.

        Raises NothingToPay, NothingDue, CurrencyDiffers, AmountAboveDue, AmountRefused, AlreadyBeingPaid,
        GatewayNotSetUp and NoGateway.
        """
        now = self._clock()
        known, due = await self.due(asked, organization_id)
        amount_minor = checked_amount(asked, due)
        if known is not None:
            return await self._go_on(known, amount_minor, now)
        account = await self._account(asked, organization_id, due.currency)
        check_amount(account.gateway.name, amount_minor, due.currency)
        new = NewPayment(
            id=uuid7(),
            organization_id=organization_id,
            customer_id=due.customer_id,
            order_id=due.order_id,
            invoice_id=due.invoice_id,
            subscription_id=None,
            period_start=None,
            gateway=account.gateway.name,
            account=account.key,
            payment_method_id=None,
            currency=due.currency,
            amount_minor=amount_minor,
            expires_at=now + PAY_WITHIN,
        )
        inserted = await self._payments.insert([new], by=by, at=now)
        if not inserted:
            raise AlreadyBeingPaid("somebody else has just begun to pay it; read its payments and try again")
        if due.order_id is not None:
            await self._receipts.processing([due.order_id], now, on=True)
        return await self._call(inserted[0], account, None, now)

    async def due(self, asked: Asked, organization_id: UUID) -> tuple[Payment | None, Due]:
        """The payment that is under way, and what is due; both are held. Raises NothingToPay, NothingDue and AlreadyBeingPaid."""
        order_id, invoice_id = asked.order_id, asked.invoice_id
        invoice = await self._invoices.find(invoice_id, organization_id=organization_id) if invoice_id is not None else None
        if invoice_id is not None and invoice is None:
            raise NothingToPay("there is no such invoice")
        if invoice is not None and invoice.order_id is not None:
            order_id = invoice.order_id
        known = await self._payments.lock_open(order_id, invoice_id)
        if order_id is not None:
            order = (await self._receipts.lock([order_id])).get(order_id)
            if order is None or order.organization_id != organization_id:
                raise NothingToPay("there is no such order")
            due = Due(order_id, invoice_id, order.customer_id, order.currency, order.due_minor)
        elif invoice is not None:
            due = Due(None, invoice.id, invoice.customer_id, invoice.currency, invoice.balance_minor)
        else:
            raise NothingToPay("name order_id or invoice_id")
        if known is None and (begun := await self._payments.open_of(order_id, invoice_id)) is not None:
            # Begun while we waited for the order. To insert beside it would be to wait for somebody who waits for the order.
            raise AlreadyBeingPaid("somebody else has just begun to pay it; try again in a moment", payment_id=str(begun))
        if due.due_minor <= 0:
            raise NothingDue("nothing is due: it is paid, cancelled, or not placed or issued yet")
        return known, due

    async def _go_on(self, known: Payment, amount_minor: int, now: datetime) -> Begun:
        """Two who pay the same at once get the same payment, or are told of it."""
        if known.amount_minor != amount_minor or known.payment_method_id is not None or known.status != "created":
            raise AlreadyBeingPaid(
                "a payment is under way; wait for it, or cancel it", payment_id=str(known.id), payment_status=known.status
            )
        account = await self._gateways.get(self._session, known.account)
        if known.gateway_order_id is not None:
            return Begun(known, account, None, None, None)
        calls = (await self._attempts.unfinished([known.id])).get(known.id, [])
        if calls and calls[-1].status == "started" and now - calls[-1].started_at < SETTLE:
            # Two orders at the gateway for one payment would be two chances to pay it.
            raise AlreadyBeingPaid(
                "somebody is just beginning to pay it; try again in a minute",
                payment_id=str(known.id),
                payment_status=known.status,
            )
        return await self._call(known, account, calls[-1] if calls else None, now)

    async def _call(self, payment: Payment, account: Account, earlier: Attempt | None, now: datetime) -> Begun:
        attempt = uuid7()
        await self._attempts.begin([Begin(attempt, payment.id, "order", payment.amount_minor)], now)
        known_as = None
        if payment.customer_id is not None:
            known_as = await self._methods.gateway_customer(payment.customer_id, payment.gateway, payment.account)
        return Begun(payment, account, attempt, earlier, known_as)

    async def _account(self, asked: Asked, organization_id: UUID, currency: str) -> Account:
        accounts = await self._gateways.route(self._session, organization_id, currency)
        for account in accounts:
            if asked.gateway in (None, account.gateway.name):
                return account
        raise GatewayNotSetUp(f"no account at {asked.gateway} takes {currency}; leave gateway out, or set one up")


class Made:
    """What a call has brought, in one unit of work after it."""

    def __init__(
        self, payments: PaymentRepository, attempts: AttemptRepository, receipts: ReceiptRepository, clock: Clock
    ) -> None:
        self._payments = payments
        self._attempts = attempts
        self._receipts = receipts
        self._clock = clock

    async def end(self, payment_id: UUID, ends: list[End]) -> None:
        """Write how calls have ended."""
        await self._payments.lock([payment_id])
        await self._attempts.end(ends, self._clock())

    async def give_up(self, payment: Payment, ends: list[End], reason: str, *, by: str) -> None:
        """The gateway will not have it: nobody is kept from paying in another way."""
        now = self._clock()
        held = (await self._payments.lock([payment.id]))[payment.id]
        await self._attempts.end(ends, now)
        if held.is_open and held.status == "created":
            await self._payments.end([held.id], "cancelled", by=by, at=now, reason=reason[:1000])
            if held.order_id is not None:
                await self._receipts.processing([held.order_id], now, on=False)


def checked_amount(asked: Asked, due: Due) -> int:
    """What is to be paid. Raises CurrencyDiffers and AmountAboveDue."""
    if asked.currency not in (None, due.currency):
        raise CurrencyDiffers(f"it is due in {due.currency}", currency=due.currency)
    amount_minor = asked.amount_minor if asked.amount_minor is not None else due.due_minor
    if amount_minor > due.due_minor:
        raise AmountAboveDue(f"{due.due_minor} is due, in minor units; pay that at most", due_minor=due.due_minor)
    return amount_minor
