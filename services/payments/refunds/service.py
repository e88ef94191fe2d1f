"""Refunds as operators ask for them and plans carry them out: payments are held before their refunds."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.payments.credits.returning import CreditReturns
from services.payments.disputes.returning import DisputeReturns
from services.payments.payments.errors import CurrencyDiffers, PaymentNotFound
from services.payments.payments.models import Payment
from services.payments.payments.policy_models import DEFAULT, PaymentPolicy
from services.payments.payments.policy_repository import PolicyReader
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.errors import RefundAboveCaptured, RefundNotFound, RefundPlanForbids, RefundPlanNotFound
from services.payments.refunds.models import NOT_GIVEN, Refund
from services.payments.refunds.repository import RefundRepository
from services.payments.refunds.requesting import RefundRequests, Wish, require_left
from shared.contracts.money import Money
from shared.runtime.clock import Clock

_CANCELLED: Final = "what was cancelled of the order"


class Refunds:
    """Works in one unit of work."""

    def __init__(
        self,
        payments: PaymentRepository,
        refunds: RefundRepository,
        requests: RefundRequests,
        returns: CreditReturns,
        disputed: DisputeReturns,
        policies: PolicyReader,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._requests = requests
        self._returns = returns
        self._disputed = disputed
        self._policies = policies
        self._clock = clock

    async def request(self, payment_id: UUID, organization_id: UUID, amount: Money | None, *, reason: str, by: str) -> Refund:
        """Ask for a refund; above the organization's threshold it waits for a second person. amount: None for all that something
        was due for, and where nothing of that is left, for a surplus, out of the customer's credit.

        Raises PaymentNotFound, CurrencyDiffers, RefundAboveCaptured and RefundPlanned.
        """
        payment = await self._held(payment_id, organization_id)
        if amount is not None and amount.currency != payment.currency:
            raise CurrencyDiffers(f"the payment was made in {payment.currency}", currency=payment.currency)
        share = require_left(await self._requests.shares(payment), amount.amount_minor if amount is not None else 1)
        amount_minor = amount.amount_minor if amount is not None else share.left_minor
        if not share.from_credit:
            await self._requests.require_beside_plans(payment, amount_minor)
        policy = await self._policies.of(payment.organization_id)
        wish = Wish(
            amount_minor,
            reason,
            from_credit=share.from_credit,
            gateway_payment_id=share.gateway_payment_id if share.from_credit else None,
            awaits_approval=_is_above(policy, amount_minor),
        )
        return await self._requests.request(payment, wish, by=by, at=self._clock())

    async def approve(self, refund_id: UUID, organization_id: UUID, *, by: str) -> Refund:
        """Let one be made. Raises RefundNotFound and what `RefundRequests.approve` raises."""
        refund, payment = await self._both(refund_id, organization_id)
        return await self._requests.approve(refund, payment, by=by, at=self._clock())

    async def reject(self, refund_id: UUID, organization_id: UUID, *, by: str) -> Refund:
        """Let one not be made. Raises RefundNotFound and RefundStateForbids."""
        refund, _ = await self._both(refund_id, organization_id)
        return await self._requests.reject(refund, by=by, at=self._clock())

    async def execute_plan(self, plan_id: UUID) -> None:
        """Give back what a cancellation has planned, of the payments that brought it, the newest first; the rest
        goes to the credit that was used for the order.

        What a bank has still to decide on waits for it, and what it has given to the customer is given back by that. Done again
        it does nothing more. Raises RefundPlanNotFound, and RefundAboveCaptured where the payments have less left.
        """
        plan, payments = await self._planned(plan_id, None)
        if plan.status in ("planned", "executing"):
            await self._carry_out(plan, payments, by=plan.created_by)

    async def retry_plan(self, plan_id: UUID, organization_id: UUID, *, by: str) -> list[Refund]:
        """Give back once more what of a plan has failed or was rejected; answers the refunds of the plan.

        Raises RefundPlanNotFound, RefundPlanForbids and RefundAboveCaptured.
        """
        plan, payments = await self._planned(plan_id, organization_id)
        if plan.status != "failed":
            raise RefundPlanForbids("nothing of the plan is left undone", plan_status=plan.status)
        await self._carry_out(plan, payments, by=by)
        return [one for one in await self._refunds.of_payments(payments) if one.plan_id == plan_id]

    async def _planned(self, plan_id: UUID, organization_id: UUID | None) -> tuple[Any, dict[UUID, Payment]]:
        """A plan and the payments of its order, held."""
        order_id = await self._refunds.plan_order(plan_id, organization_id)
        if order_id is None:
            raise RefundPlanNotFound("there is no plan with this id; GET /v1/orders/{id} shows those of an order")
        payments = await self._payments.lock(await self._refunds.payments_of_order(order_id))
        return await self._refunds.lock_plan(plan_id), payments

    async def _carry_out(self, plan: Any, payments: Mapping[UUID, Payment], *, by: str) -> None:
        known = [one for one in await self._refunds.of_payments(payments) if one.plan_id == plan.id]
        missing = plan.refund_minor - sum(one.amount_minor for one in known if one.status not in NOT_GIVEN)
        at_the_bank = await self._disputed.look(plan.id, plan.currency, payments)
        missing -= await self._returns.returned(plan.id) + at_the_bank.known_minor
        missing -= await self._disputed.count(plan.id, plan.order_id, at_the_bank.lost, missing, self._clock())
        policies = await self._policies.of_many({one.organization_id for one in payments.values()})
        clear = [one for one in payments.values() if one.id not in at_the_bank.unclear]
        for payment in sorted(clear, key=lambda one: one.id, reverse=True):
            part = min(missing, await self._requests.refundable(payment))
            if part > 0 and payment.currency == plan.currency:
                policy = policies.get(payment.organization_id, DEFAULT)
                wish = Wish(part, _CANCELLED, plan_id=plan.id, awaits_approval=_is_above(policy, part))
                await self._requests.request(payment, wish, by=by, at=self._clock())
                missing -= part
        if missing:
            missing -= await self._returns.give_back(plan.id, plan.order_id, missing, self._clock())
        if missing and at_the_bank.unclear and not at_the_bank.is_open:
            raise RefundAboveCaptured(
                "a dispute is a case for a person; resolve it, then carry the plan out", missing_minor=missing
            )
        if missing and not at_the_bank.is_open:
            raise RefundAboveCaptured("the payments of the order have less left than the plan gives back", missing_minor=missing)
        await self._refunds.move_plans({plan.id})

    async def _both(self, refund_id: UUID, organization_id: UUID) -> tuple[Refund, Payment]:
        found = await self._refunds.find(refund_id, organization_id)
        if found is None:
            raise RefundNotFound("there is no refund with this id; list those of the payment")
        payment = await self._held(found.payment_id, organization_id)
        return (await self._refunds.lock([refund_id]))[refund_id], payment

    async def _held(self, payment_id: UUID, organization_id: UUID) -> Payment:
        payment = (await self._payments.lock([payment_id])).get(payment_id)
        if payment is None or payment.organization_id != organization_id:
            raise PaymentNotFound("there is no payment with this id; list the payments of the order or customer")
        return payment


def _is_above(policy: PaymentPolicy, amount_minor: int) -> bool:
    threshold = policy.approve_refunds_above_minor
    return threshold is not None and amount_minor > threshold
