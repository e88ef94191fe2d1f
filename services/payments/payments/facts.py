"""The one function that applies what gateways say: webhooks, a client's proof, answers to our calls, the janitor and
reconciliation all come here.

Facts are merged first, so that the greater one holds whatever its turn; then each payment's state is worked out anew from what is
held of it, and money that is not booked yet is booked. Every order and repetition of the same facts ends in the same.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.payments.disputes.settling import DisputeSettling
from services.payments.gateways.facts import DisputeFact, PaymentFact, RefundFact, TokenFact
from services.payments.orders.order_payments import OrderPayments
from services.payments.payment_methods.keeping import tell_of_methods
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payment_methods.telling import method_news
from services.payments.payments.cases import Cases
from services.payments.payments.deriving import state_of, surplus_authorizations
from services.payments.payments.fact_repository import FactRepository
from services.payments.payments.models import ENDED, PAID, SYSTEM, Around, Held, Payment, State
from services.payments.payments.money_news import news_of
from services.payments.payments.policy_models import DEFAULT, PaymentPolicy
from services.payments.payments.policy_repository import PolicyReader
from services.payments.payments.settling import Settling, Surplus
from services.payments.payments.telling import Told, dispute_news, named, order_news, payment_news, refund_news
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.converging import RefundFacts
from services.payments.refunds.requesting import RefundRequests, Wish
from shared.contracts.payments import CapturePayment, HandleFailedPayment, ReleasePayment
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

CAPTURE_AFTER: Final = timedelta(seconds=30)
"""How long we wait for the gateway to capture by itself what our orders tell it to."""
_NAMESPACE: Final = UUID("a7a0c9d2-1d0a-5c38-9a55-6b9d7a0f3c21")


@dataclass(frozen=True, slots=True)
class Stores:
    """What is read and written of payments and what they are for."""

    facts: FactRepository
    payments: PaymentRepository
    methods: MethodRepository
    policies: PolicyReader
    orders: OrderPayments


@dataclass(frozen=True, slots=True)
class GoingBack:
    """What takes money from us again."""

    refunds: RefundFacts
    requests: RefundRequests
    disputes: DisputeSettling


class GatewayFacts:
    """Works in one unit of work; locks payments in the order of their ids, then their orders."""

    def __init__(
        self, stores: Stores, settling: Settling, going_back: GoingBack, cases: Cases, publisher: Publisher, clock: Clock
    ) -> None:
        self._facts = stores.facts
        self._payments = stores.payments
        self._methods = stores.methods
        self._policies = stores.policies
        self._orders = stores.orders
        self._settling = settling
        self._refunds = going_back.refunds
        self._requests = going_back.requests
        self._disputes = going_back.disputes
        self._cases = cases
        self._publisher = publisher
        self._clock = clock

    async def apply(
        self,
        told: Sequence[Told],
        *,
        touched: Collection[UUID] = (),
        by: str = SYSTEM,
        reason: str | None = None,
        reference: str | None = None,
    ) -> dict[UUID, Payment]:
        """Merge these facts and bring every payment that they are about to the state that follows. Returns those payments.

        touched: payments to work out anew without a fact, because tries of theirs have ended. reference: of where it was told,
        such as an event's id. What belongs to no payment that we know is kept, and found by the payment once it knows its order.
        """
        now = self._clock()
        ids = await self._facts.match([named(one) for one in told]) | set(touched)
        payments = await self._payments.lock(ids)
        await self._merge(told, now)
        if not payments:
            return {}
        await self._facts.attach(payments)
        await self._facts.end_tries(payments, now)
        orders = sorted({one.order_id for one in payments.values() if one.order_id is not None})
        if orders:
            await self._orders.lock(orders)
        held = await self._payments.held(payments)
        surplus = await self._settling.settle(payments, held, now)
        if surplus or any(one.captured_minor for one in held):
            held = await self._payments.held(payments)
        await self._settle_what_goes_back(payments, held, now)
        around = await self._payments.around(payments)
        of = _by_payment(held)
        after = await self._move(payments, of, around, now, by=by, reason=reason, reference=reference)
        policies = await self._policies.of_many({one.organization_id for one in payments.values()})
        await self._follow_up(payments, after, around, policies, now)
        await self._note_surplus(after, of)
        await self._give_back(after, surplus, policies, now)
        tell_of_methods(self._publisher, told, held, after)
        return after

    async def _merge(self, told: Sequence[Told], now: datetime) -> None:
        await self._facts.bind_orders([news for one in told if (news := order_news(one)) is not None])
        await self._facts.hold([payment_news(one.account, one.fact) for one in told if isinstance(one.fact, PaymentFact)])
        await self._facts.hold_refunds([refund_news(one.account, one.fact) for one in told if isinstance(one.fact, RefundFact)])
        await self._facts.hold_disputes(
            [dispute_news(one.account, one.fact) for one in told if isinstance(one.fact, DisputeFact)]
        )
        await self._methods.note([method_news(one.account, one.fact) for one in told if isinstance(one.fact, TokenFact)], now)

    async def _settle_what_goes_back(self, payments: Mapping[UUID, Payment], held: Sequence[Held], now: datetime) -> None:
        captured: dict[UUID, int] = defaultdict(int)
        for one in held:
            captured[one.payment_id] += one.captured_minor if one.counted_as in ("main", "duplicate") else 0
        if not any(captured.values()):
            return
        await self._refunds.settle(payments, captured, now)
        await self._disputes.settle(payments, now)

    async def _move(
        self,
        payments: Mapping[UUID, Payment],
        of: Mapping[UUID, Sequence[Held]],
        around: Mapping[UUID, Around],
        now: datetime,
        *,
        by: str,
        reason: str | None,
        reference: str | None,
    ) -> dict[UUID, Payment]:
        states = {key: state_of(payment, of[key], around[key]) for key, payment in payments.items()}
        changed = {key: state for key, state in states.items() if _differs(payments[key], state)}
        moved = await self._payments.move(changed, by=by, at=now, reason=reason, reference=reference) if changed else []
        return {**payments, **{one.id: one for one in moved}}

    async def _follow_up(
        self,
        before: Mapping[UUID, Payment],
        after: Mapping[UUID, Payment],
        around: Mapping[UUID, Around],
        policies: Mapping[UUID, PaymentPolicy],
        now: datetime,
    ) -> None:
        for key in sorted(after):
            was, payment = before[key], after[key]
            if payment.status in ENDED and was.status != payment.status and payment.order_id is not None:
                await self._orders.processing(payment.order_id, on=False, at=now)
            for event in news_of(was, payment, now):
                self._publisher.publish(event)
            # Whoever is at its charge comes here again once nothing follows by itself.
            if payment.status == "failed" and payment.handled_tries < payment.tries and not payment.is_charging:
                self._publisher.publish(
                    HandleFailedPayment(payment_id=key), message_id=uuid5(_NAMESPACE, f"failed/{key}/{payment.tries}")
                )
            is_another = (was.status, was.gateway_payment_id) != ("authorized", payment.gateway_payment_id)
            if payment.status == "authorized" and is_another:
                # After one that was given up the next one comes as late as that.
                is_late = was.status in ENDED or was.gateway_payment_id in around[key].given_up
                policy = policies.get(payment.organization_id, DEFAULT)
                await self._decide(payment, policy, now, is_late=is_late)

    async def _note_surplus(self, after: Mapping[UUID, Payment], of: Mapping[UUID, Sequence[Held]]) -> None:
        """Have a person see that authorizations go back which nobody takes: no gateway lets one of several be given up."""
        several = {key: surplus_authorizations(after[key], held) for key, held in of.items() if key in after and len(held) > 1}
        for key, surplus in several.items():
            for one in surplus:
                await self._cases.open("surplus_authorization", key, {"gateway_payment_id": one})
        if several:
            await self._cases.settle_surplus(several, self._clock())

    async def _decide(self, payment: Payment, policy: PaymentPolicy, now: datetime, *, is_late: bool) -> None:
        """Take what is authorized where it is still due. What comes late is taken as the organization has said."""
        is_due = await self._settling.due(payment) >= payment.amount_minor
        wanted = is_due and (not is_late or policy.late_authorization == "capture")
        command = CapturePayment(payment_id=payment.id) if wanted else ReleasePayment(payment_id=payment.id)
        message_id = uuid5(_NAMESPACE, f"authorized/{payment.id}/{payment.gateway_payment_id}")
        self._publisher.publish(command, message_id=message_id, due_at=now + CAPTURE_AFTER if wanted and not is_late else None)

    async def _give_back(
        self,
        after: Mapping[UUID, Payment],
        surplus: Sequence[Surplus],
        policies: Mapping[UUID, PaymentPolicy],
        now: datetime,
    ) -> None:
        for one in surplus:
            payment = after[one.payment_id]
            if policies.get(payment.organization_id, DEFAULT).surplus == "refund" and payment.status in PAID:
                wish = Wish(
                    one.amount_minor, "nothing was due for it", from_credit=True, gateway_payment_id=one.gateway_payment_id
                )
                await self._requests.request(payment, wish, by=SYSTEM, at=now)


def _by_payment(held: Sequence[Held]) -> dict[UUID, list[Held]]:
    of: dict[UUID, list[Held]] = defaultdict(list)
    for one in held:
        of[one.payment_id].append(one)
    return of


def _differs(payment: Payment, state: State) -> bool:
    return any(getattr(payment, name) != getattr(state, name) for name in State.__slots__)
