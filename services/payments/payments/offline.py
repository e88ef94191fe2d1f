"""Money that a person has counted: cash, bank transfers, cheques. It converges like any gateway's."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.attempts.repository import AttemptRepository
from services.payments.gateways.facts import PaymentFact
from services.payments.gateways.offline import OFFLINE, Clearing, OfflineMethod, OfflinePayment, offline_payment
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.payments.creating import Asked, Beginning
from services.payments.payments.errors import AlreadyBeingPaid, CurrencyDiffers, PaymentStateForbids
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import NewPayment, Payment
from services.payments.payments.telling import Told
from services.payments.payments.writing_repository import PaymentRepository
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_UNTOLD: Final = "0"
"""In the place of a cheque's number that is known from before."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was received. More than is due is the customer's credit. reference: a cheque's number, a transfer's UTR. clearing: of
    a cheque."""

    order_id: UUID | None
    invoice_id: UUID | None
    amount_minor: int
    currency: str
    method: OfflineMethod
    reference: str | None = None
    bank: str | None = None
    clearing: Clearing | None = None
    received_at: datetime | None = None


class OfflinePayments:
    """Works in one unit of work."""

    def __init__(
        self,
        beginning: Beginning,
        payments: PaymentRepository,
        attempts: AttemptRepository,
        receipts: ReceiptRepository,
        facts: GatewayFacts,
        clock: Clock,
    ) -> None:
        self._beginning = beginning
        self._payments = payments
        self._attempts = attempts
        self._receipts = receipts
        self._facts = facts
        self._clock = clock

    async def record(self, counted: Counted, organization_id: UUID, *, by: str) -> Payment:
        """Write it, once and for all. A cheque that waits is money once it has cleared.

        Raises NothingToPay, NothingDue, CurrencyDiffers, AlreadyBeingPaid, OfflineRefused and AmountRefused.
        """
        now = self._clock()
        asked = Asked(counted.order_id, counted.invoice_id, counted.amount_minor, counted.currency)
        known, due = await self._beginning.due(asked, organization_id)
        if known is not None:
            raise AlreadyBeingPaid(
                "a payment is under way; wait for it, or cancel it", payment_id=str(known.id), payment_status=known.status
            )
        if counted.currency != due.currency:
            raise CurrencyDiffers(f"it is due in {due.currency}", currency=due.currency)
        key = uuid7()
        # Checked before anything is written.
        fact = fact_of(key, counted, counted.clearing, counted.received_at or now)
        new = NewPayment(
            id=key,
            organization_id=organization_id,
            customer_id=due.customer_id,
            order_id=due.order_id,
            invoice_id=due.invoice_id,
            subscription_id=None,
            period_start=None,
            gateway=OFFLINE,
            account=counted.method.value,
            payment_method_id=None,
            currency=due.currency,
            amount_minor=counted.amount_minor,
            expires_at=None,
        )
        if not await self._payments.insert([new], by=by, at=now):
            raise AlreadyBeingPaid("somebody else has just begun to pay it; read its payments and try again")
        await self._attempts.bind_orders({new.id: str(new.id)})
        after = await self._facts.apply([Told(counted.method.value, fact)], touched=[new.id], by=by)
        return after[new.id]

    async def clear(self, payment: Payment, clearing: Clearing, at: datetime | None, *, by: str) -> Payment:
        """Say what became of a cheque. It is held; said again it changes nothing. Raises PaymentStateForbids."""
        if payment.gateway != OFFLINE or payment.account != OfflineMethod.CHEQUE:
            raise PaymentStateForbids("only cheques are cleared", payment_status=payment.status)
        counted = Counted(
            payment.order_id, payment.invoice_id, payment.amount_minor, payment.currency, OfflineMethod.CHEQUE, _UNTOLD
        )
        fact = fact_of(payment.id, counted, clearing, at or self._clock())
        after = await self._facts.apply([Told(payment.account, replace(fact, reference=None))], touched=[payment.id], by=by)
        return after[payment.id]

    async def cancel(self, payment: Payment, *, by: str) -> None:
        """Give up a payment that nobody has begun to make. It is held. Raises PaymentStateForbids."""
        if payment.status not in ("created", "failed"):
            raise PaymentStateForbids(
                "only what nobody has begun to pay can be cancelled; what is authorized is released",
                payment_status=payment.status,
            )
        now = self._clock()
        await self._payments.end([payment.id], "cancelled", by=by, at=now, reason="it was cancelled")
        if payment.order_id is not None and payment.is_open:
            await self._receipts.lock([payment.order_id])
            await self._receipts.processing([payment.order_id], now, on=False)


def fact_of(payment_id: UUID, counted: Counted, clearing: Clearing | None, at: datetime) -> PaymentFact:
    """Raises OfflineRefused and AmountRefused."""
    record = OfflinePayment(
        receipt=str(payment_id),
        amount_minor=counted.amount_minor,
        currency=counted.currency,
        method=counted.method,
        at=at,
        reference=counted.reference,
        bank=counted.bank,
        clearing=clearing,
    )
    return replace(offline_payment(record), order_id=str(payment_id))
