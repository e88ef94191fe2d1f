"""Before charges: what is to be charged, and that it may be; committed with the attempts before any call is made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.attempts.models import Attempt, Begin, Card
from services.payments.attempts.repository import AttemptRepository
from services.payments.attempts.work import ChargeWork
from services.payments.gateways.directory import Account, Gateways
from services.payments.orders.receipts_repository import PayableOrder, ReceiptRepository
from services.payments.payment_methods.models import PaymentMethod
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payments.models import SYSTEM, NewPayment, Payment
from services.payments.payments.permits import ChargePermits
from services.payments.payments.writing_repository import PaymentRepository
from shared.contracts.payments import ProcessPayment
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Failed, Outcome, Retry, Skipped

SETTLE_S: Final = 45.0
"""How long a call of somebody who has died may still be on its way: the longest that a call takes, and more."""
TAKEN: Final = Skipped("it is being paid by another payment")
"""Of a charge whose order somebody is paying otherwise, and may not pay after all."""


@dataclass(frozen=True, slots=True)
class ClaimStores:
    """What is read and written of what is charged."""

    payments: PaymentRepository
    attempts: AttemptRepository
    methods: MethodRepository
    receipts: ReceiptRepository


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is known of the payments of a batch."""

    payments: Mapping[UUID, Payment]
    orders: Mapping[UUID, PayableOrder]
    cards: Mapping[UUID, Card]
    open: Mapping[UUID, Sequence[Attempt]]
    refusals: Mapping[UUID, Outcome]


class ChargeClaims:
    """Works in one unit of work, by as many statements for a batch as for one."""

    def __init__(
        self,
        session: Session,
        stores: ClaimStores,
        gateways: Gateways,
        permits: ChargePermits,
        clock: Clock,
        *,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._session = session
        self._payments = stores.payments
        self._attempts = stores.attempts
        self._methods = stores.methods
        self._receipts = stores.receipts
        self._gateways = gateways
        self._clock = clock
        self._permits = permits
        self._settle_s = settle_s

    async def claim(self, received: Sequence[Received[ProcessPayment]], max_retries: int) -> list[ChargeWork | Outcome]:
        """What to do for each message, in order; the calls that it makes are written down."""
        now = self._clock()
        refused = await self._create([one for one in received if one.message.payment_id is None], now)
        ids = {one.id: one.message.payment_id or one.id for one in received}
        ready = await self._read(ids.values(), now)
        decided: dict[UUID, Outcome | None] = {}
        for one in received:
            known = refused.get(one.id) if ids[one.id] not in ready.payments else None
            decided[one.id] = known or self._check(ids[one.id], ready, now)
        going = set[UUID]()
        for key, outcome in decided.items():
            if outcome is None and ids[key] in going:
                decided[key] = Skipped("another message charges it")
            elif outcome is None:
                going.add(ids[key])
        await self._give_up(received, decided, ready, now)
        resumed = {key for key in going if ready.open.get(key)}
        started = await self._attempts.start(going - resumed, by=SYSTEM, at=now) if going - resumed else {}
        works = await self._works(ready, started, resumed, now)
        of = {one.id: one.attempt > max_retries for one in received}
        return [_answer(decided[one.id], works.get(ids[one.id]), is_last=of[one.id]) for one in received]

    async def _create(self, received: Sequence[Received[ProcessPayment]], now: datetime) -> dict[UUID, Outcome]:
        """Write the payments that messages bring; those that may not be are answered."""
        if not received:
            return {}
        wanted = {one.message.payment_method_id for one in received if one.message.payment_method_id is not None}
        methods = await self._methods.find_many(wanted)
        refused: dict[UUID, Outcome] = {}
        new = list[NewPayment]()
        for one in received:
            method = methods.get(one.message.payment_method_id) if one.message.payment_method_id is not None else None
            fault = _method_fault(one.message, method)
            if fault is not None or method is None:
                refused[one.id] = Failed(fault or "there is no such stored method")
            else:
                new.append(_new_payment(one, method))
        await self._payments.insert(new, by=SYSTEM, at=now)
        taken: Outcome = Skipped("it is paid, or being paid, by another payment")
        return refused | {one.id: taken for one in new}

    async def _give_up(
        self, received: Sequence[Received[ProcessPayment]], decided: Mapping[UUID, Outcome | None], ready: _Ready, now: datetime
    ) -> None:
        """End payments that messages have brought and that are not to be charged: they would keep others from paying."""
        brought = {one.id for one in received if one.message.payment_id is None and decided[one.id] is not None}
        over = [key for key in brought & ready.payments.keys() if ready.payments[key].status == "created"]
        if over:
            await self._payments.end(over, "cancelled", by=SYSTEM, at=now, reason="it is not to be charged")

    async def _read(self, ids: Iterable[UUID], now: datetime) -> _Ready:
        keys = set(ids)
        payments = await self._payments.lock(keys)
        order_ids = sorted({one.order_id for one in payments.values() if one.order_id is not None})
        orders = await self._receipts.lock(order_ids) if order_ids else {}
        refusals = await self._permits.refusals(payments.values(), now)
        return _Ready(payments, orders, await self._attempts.cards(keys), await self._attempts.unfinished(keys), refusals)

    def _check(self, payment_id: UUID, ready: _Ready, now: datetime) -> Outcome | None:
        """Why a payment is not to be charged; None where it is."""
        payment = ready.payments.get(payment_id)
        if payment is None:
            return Failed("there is no such payment")
        open_calls = [one for one in ready.open.get(payment_id, ()) if one.kind in ("order", "charge")]
        if any(one.status == "started" for one in open_calls) and payment.status == "processing":
            left_s = self._settle_s - (now - open_calls[-1].called_at).total_seconds()
            return Retry("an earlier call may still be on its way", after_s=left_s, counts=False) if left_s > 0 else None
        if payment.status not in ("created", "failed") or open_calls:
            return Skipped(f"the payment is {payment.status}")
        card = ready.cards.get(payment_id)
        if card is None:
            return Failed("the payment has no stored method; its customer has to pay it")
        if card.status != "confirmed":
            return Failed(f"the stored method is {card.status}", "method_not_usable")
        order = ready.orders.get(payment.order_id) if payment.order_id is not None else None
        if payment.order_id is not None and (order is None or order.due_minor < payment.amount_minor):
            return Skipped("so much is not due any more")
        return ready.refusals.get(payment_id)

    async def _works(
        self, ready: _Ready, started: Mapping[UUID, Payment], resumed: set[UUID], now: datetime
    ) -> dict[UUID, ChargeWork]:
        accounts = await self._accounts({one.account for key, one in ready.payments.items() if key in started or key in resumed})
        begins, works = list[Begin](), dict[UUID, ChargeWork]()
        for key, payment in started.items():
            account, card = accounts[payment.account], ready.cards[key]
            order = uuid7() if account.gateway.order_first and payment.gateway_order_id is None else None
            charge = uuid7()
            begins += [Begin(order, key, "order", payment.amount_minor)] if order is not None else []
            begins.append(Begin(charge, key, "charge", payment.amount_minor))
            works[key] = ChargeWork(payment, account, card, charge, order, now, resumes=False, is_last=False)
        earlier = await self._attempts.declined_before(resumed) if resumed else {}
        for key in resumed:
            calls = {one.kind: one for one in ready.open[key]}
            payment, charge_call = ready.payments[key], calls.get("charge")
            if charge_call is not None and key in ready.cards:
                order = calls["order"].id if "order" in calls else None
                account, at = accounts[payment.account], charge_call.started_at
                work = ChargeWork(payment, account, ready.cards[key], charge_call.id, order, at, resumes=True, is_last=False)
                known = frozenset(earlier.get(key, ()))
                works[key] = replace(work, earlier=known, called_at=charge_call.called_at)
        await self._attempts.begin(begins, now)
        await self._attempts.resume(works.keys() & resumed, now)
        orders = sorted({one.order_id for one in started.values() if one.order_id is not None})
        if orders:
            await self._receipts.processing(orders, now, on=True)
        return works

    async def _accounts(self, keys: set[str]) -> dict[str, Account]:
        return {key: await self._gateways.get(self._session, key) for key in sorted(keys)}


def _answer(outcome: Outcome | None, work: ChargeWork | None, *, is_last: bool) -> ChargeWork | Outcome:
    if outcome is not None:
        return outcome
    if work is None:
        return TAKEN
    work.is_last = is_last
    return work


def _method_fault(message: ProcessPayment, method: PaymentMethod | None) -> str | None:
    if method is None or message.amount is None:
        return "there is no such stored method"
    customer_id = message.customer_id or message.user_id
    if customer_id is not None and customer_id != method.customer_id:
        return "the stored method is another customer's"
    if message.amount.amount_minor <= 0:
        return "amount_minor must be positive: a number of minor units (12.50 INR is 1250)"
    if method.max_amount_minor is not None and message.amount.amount_minor > method.max_amount_minor:
        return "the stored method's mandate does not allow so much"
    return None


def _new_payment(one: Received[ProcessPayment], method: PaymentMethod) -> NewPayment:
    message = one.message
    assert message.amount is not None, "checked before"
    return NewPayment(
        id=one.id,
        organization_id=method.organization_id,
        customer_id=method.customer_id,
        order_id=message.order_id,
        invoice_id=None,
        subscription_id=message.subscription_id,
        period_start=message.period_start,
        gateway=method.gateway,
        account=method.account,
        payment_method_id=method.id,
        currency=message.amount.currency,
        amount_minor=message.amount.amount_minor,
        expires_at=None,
    )
