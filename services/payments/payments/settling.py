"""Money that has come: to its order or invoice, what is over to the customer's credit, all of it into the ledger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.paying import InvoicePayments
from services.payments.ledger.models import Posting
from services.payments.ledger.repository import Ledger
from services.payments.orders.order_payments import OrderPayments
from services.payments.orders.receipts_repository import Receipt
from services.payments.payments import booking
from services.payments.payments.cases import CaseKind, Cases
from services.payments.payments.deriving import is_mismatch
from services.payments.payments.listeners import Paid, PaymentListener
from services.payments.payments.models import Held, Payment
from services.payments.payments.period_receipts import PeriodReceipt, PeriodReceipts
from services.payments.payments.writing_repository import PaymentRepository
from shared.runtime.ids import uuid7


@dataclass(frozen=True, slots=True)
class Surplus:
    """What nothing was due for, and is to the customer's credit now. gateway_payment_id: that brought it."""

    payment_id: UUID
    amount_minor: int
    gateway_payment_id: str


class Settling:
    """Works in the unit of work that holds the payments and their orders. Each of a gateway's payments is booked once."""

    def __init__(
        self,
        payments: PaymentRepository,
        orders: OrderPayments,
        invoices: InvoicePayments,
        credit_entries: CreditRepository,
        ledger: Ledger,
        cases: Cases,
        periods: PeriodReceipts,
        listeners: Sequence[PaymentListener] = (),
    ) -> None:
        self._payments = payments
        self._orders = orders
        self._invoices = invoices
        self._credits = credit_entries
        self._ledger = ledger
        self._cases = cases
        self._periods = periods
        self._listeners = listeners

    async def settle(self, payments: Mapping[UUID, Payment], held: Sequence[Held], now: datetime) -> list[Surplus]:
        """Book what is new among the money that gateways hold; returns what was over."""
        kinds = _kinds(payments, held)
        if not kinds:
            return []
        kinds, counted = _earliest_first(kinds, held, await self._refunded(kinds))
        await self._payments.count_as(counted)
        main = [one for one, kind in kinds if kind == "main"]
        applied = await self._apply(payments, main, now)
        postings, surplus, entries, paid = list[Posting](), list[Surplus](), list[CreditEntry](), list[Paid]()
        for one, kind in kinds:
            payment, at = payments[one.payment_id], one.captured_at or now
            if kind == "mismatch":
                postings.append(booking.captured_otherwise(payment, one.id, one.captured_minor, one.currency, at))
                class_: CaseKind = "amount_mismatch" if one.currency == payment.currency else "currency_mismatch"
                await self._cases.open(class_, payment.id, {"gateway_payment_id": one.gateway_payment_id})
                continue
            over = one.captured_minor - applied.get(one.payment_id, 0) if kind == "main" else one.captured_minor
            if kind == "main":
                paid.append(Paid(payment, one.captured_minor, one.captured_minor - over, at))
                postings.append(booking.captured(payment, applied_minor=one.captured_minor - over, surplus_minor=over, at=at))
            else:
                postings.append(booking.captured_again(payment, one.id, over, at))
                await self._cases.open("duplicate_capture", payment.id, {"gateway_payment_id": one.gateway_payment_id})
            if over and payment.customer_id is not None:
                surplus.append(Surplus(payment.id, over, one.gateway_payment_id))
                entries.append(_grant(payment, one, over, kind, now))
        await self._ledger.post(postings)
        await self._credits.add(entries)
        for listener in self._listeners:
            await listener.paid(paid)
        return surplus

    async def due(self, payment: Payment) -> int:
        """What is asked for of what a payment is for, in minor units: of its order, which is held, its invoice or its period."""
        if payment.order_id is not None:
            order = (await self._orders.lock([payment.order_id])).get(payment.order_id)
            return order.due_minor if order is not None else 0
        if payment.invoice_id is not None:
            return await self._invoices.due(payment.invoice_id)
        return await self._periods.due(payment)

    async def _refunded(self, kinds: Sequence[tuple[Held, str]]) -> set[UUID]:
        """Which of the payments that were captured again have refunds: those name the capture that they give back."""
        again = {one.payment_id for one, kind in kinds if kind == "duplicate"}
        return await self._payments.with_refunds(again) if again else set()

    async def _apply(self, payments: Mapping[UUID, Payment], main: Sequence[Held], now: datetime) -> dict[UUID, int]:
        """What orders, invoices and periods had use for, by payment."""
        receipts, for_periods, applied = list[Receipt](), list[PeriodReceipt](), dict[UUID, int]()
        for one in main:
            payment = payments[one.payment_id]
            if payment.order_id is not None:
                receipts.append(Receipt(payment.order_id, payment.id, one.captured_minor, one.captured_at or now))
            elif payment.invoice_id is not None:
                done = await self._invoices.apply(payment.invoice_id, one.captured_minor, payment.id, one.captured_at or now)
                applied[payment.id] = done.applied_minor
            else:
                for_periods.append(PeriodReceipt(payment, one.captured_minor, one.captured_at or now))
        if for_periods:
            applied |= await self._periods.received(for_periods)
        if receipts:
            for receipt, order in zip(receipts, await self._orders.received_many(receipts), strict=True):
                applied[receipt.source_id] = order.applied_minor
                await self._to_invoice(receipt, order.applied_minor)
        return applied

    async def _to_invoice(self, receipt: Receipt, applied_minor: int) -> None:
        """An order that is invoiced already: its invoice is paid by the same money. A later one finds what the order has."""
        if applied_minor and (invoice_id := await self._invoices.of_order(receipt.order_id)) is not None:
            await self._invoices.apply(invoice_id, applied_minor, receipt.source_id, receipt.at)


def _kinds(payments: Mapping[UUID, Payment], held: Sequence[Held]) -> list[tuple[Held, str]]:
    """Those that have brought money which is not booked yet, and what each is: one per payment is the one that was wanted."""
    has_main = {one.payment_id for one in held if one.counted_as == "main"}
    kinds = list[tuple[Held, str]]()
    for one in sorted(held, key=_moment):
        if not one.captured_minor or one.counted_as is not None:
            continue
        if is_mismatch(payments[one.payment_id], one):
            kinds.append((one, "mismatch"))
        elif one.payment_id in has_main:
            kinds.append((one, "duplicate"))
        else:
            has_main.add(one.payment_id)
            kinds.append((one, "main"))
    return kinds


def _earliest_first(
    kinds: Sequence[tuple[Held, str]], held: Sequence[Held], fixed: Collection[UUID]
) -> tuple[list[tuple[Held, str]], dict[UUID, str]]:
    """Let the earliest capture of a payment be the one that was wanted, whichever was heard of first. fixed: payments of which
    that is decided. Returns what is to be booked as what, and as what each counts.

    The amounts are the same, so where the wanted one was booked before, it is now booked as the second one.
    """
    wanted = {one.payment_id: one for one in held if one.counted_as == "main"}
    wanted |= {one.payment_id: one for one, kind in kinds if kind == "main"}
    booked, counted = list[tuple[Held, str]](), dict[UUID, str]()
    for one, kind in sorted(kinds, key=lambda row: row[1] != "main"):
        second = one
        if kind == "duplicate" and one.payment_id not in fixed and _moment(one) < _moment(wanted[one.payment_id]):
            second, wanted[one.payment_id] = wanted[one.payment_id], one
            counted[one.id] = "main"
        counted[second.id] = kind
        booked.append((second, kind))
    return booked, counted


def _moment(one: Held) -> tuple[datetime, str]:
    return one.captured_at or one.first_seen_at, one.gateway_payment_id


def _grant(payment: Payment, one: Held, amount_minor: int, kind: str, now: datetime) -> CreditEntry:
    assert payment.customer_id is not None, "credit is a customer's"
    return CreditEntry(
        id=uuid7(),
        organization_id=payment.organization_id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        kind="grant",
        amount_minor=amount_minor,
        source="payment" if kind == "main" else "duplicate",
        source_id=payment.id if kind == "main" else one.id,
        order_id=payment.order_id,
        invoice_id=payment.invoice_id,
        note=None,
        at=now,
    )
