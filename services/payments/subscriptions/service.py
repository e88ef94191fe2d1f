"""Subscriptions: begun, read, and what is kept with them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.payments.customers.models import Customer
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import known_customer
from services.payments.orders.sellers import Sellers
from services.payments.payment_methods.repository import MethodReader
from services.payments.periods.anchors import anchor_for, period
from services.payments.periods.models import Interval
from services.payments.periods.zones import day_at, midnight
from services.payments.plans.errors import PlanClosed
from services.payments.plans.models import PlanVersion
from services.payments.plans.repository import PlanReader
from services.payments.plans.service import plan_of
from services.payments.subscriptions.deciding import renewed
from services.payments.subscriptions.due_models import Due, Unbillable
from services.payments.subscriptions.due_rows import delivery_of, due_of, supply_of
from services.payments.subscriptions.errors import (
    AnchorDayUnusable,
    EndTooEarly,
    MethodUnusable,
    QuantityNotOffered,
    SubscriptionForbids,
    SubscriptionNotFound,
)
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.repository import SubscriptionReader, SubscriptionRepository
from services.payments.subscriptions.schemas import SubscriptionIn
from shared.contracts.payments import ProcessSingleSubscription, SubscriptionStarted
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""
_ON_A_DAY: Final = frozenset({Interval.MONTH, Interval.YEAR})


async def subscription_of(subscriptions: SubscriptionReader, subscription_id: UUID, organization_id: UUID | None) -> Subscription:
    """A subscription. Raises SubscriptionNotFound, also for another organization's."""
    return found(await subscriptions.find(subscription_id, organization_id))


def found(subscription: Subscription | None) -> Subscription:
    """Raises SubscriptionNotFound."""
    if subscription is None:
        raise SubscriptionNotFound("there is no subscription with this id; GET /v1/subscriptions lists those that there are")
    return subscription


def next_starts(due: Due, number: int) -> list[date]:
    """The first days of the next periods."""
    starts = [due.next_period_start]
    due = renewed(due)
    index = 0
    while len(starts) < number:
        start = period(due.anchor, due.terms.interval, due.terms.interval_count, index).start
        index += 1
        if start > starts[-1]:
            starts.append(start)
    return starts


async def billable(subscriptions: SubscriptionReader, subscription: Subscription, clock: Clock) -> Due:
    """As its billing sees it now. Raises SubscriptionForbids where nobody can say what it comes to."""
    due = due_of(await subscriptions.due(subscription.id), clock())
    if isinstance(due, Unbillable):
        raise SubscriptionForbids(due.reason, subscription_status=subscription.status)
    return due


def offered(version: PlanVersion, quantity: int) -> None:
    """Raises QuantityNotOffered."""
    if not version.min_quantity <= quantity <= version.max_quantity:
        raise QuantityNotOffered(f"the plan is offered from {version.min_quantity} to {version.max_quantity}")


async def usable_method(methods: MethodReader, method_id: UUID, customer_id: UUID, organization_id: UUID) -> None:
    """Raises MethodUnusable for a method that is another's, or that nothing can be charged to."""
    method = await methods.find(method_id, organization_id)
    if method is None or method.customer_id != customer_id:
        raise MethodUnusable("the customer has no stored payment method with this id")
    if method.status != "confirmed":
        raise MethodUnusable(f"the stored payment method is {method.status}; choose another one")


class Subscribing:
    """Begins subscriptions, in one unit of work."""

    def __init__(
        self,
        subscriptions: SubscriptionRepository,
        plans: PlanReader,
        customers: CustomerReader,
        methods: MethodReader,
        sellers: Sellers,
        publisher: Publisher,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._subscriptions = subscriptions
        self._plans = plans
        self._customers = customers
        self._methods = methods
        self._sellers = sellers
        self._publisher = publisher
        self._clock = clock
        self._by = by

    async def begin(self, organization_id: UUID, new: SubscriptionIn) -> Subscription:
        """A subscription from today on. Its first period is billed at once, or when its trial is over.

        Raises CustomerNotFound, CustomerErased, PlanNotFound, PlanClosed, QuantityNotOffered, AnchorDayUnusable, EndTooEarly,
        MethodUnusable, SellerNotSetUp and PlaceOfSupplyUnknown.
        """
        now = self._clock()
        customer = await known_customer(self._customers, new.customer_id, organization_id, hold="known")
        plan, version = await plan_of(self._plans, new.plan_id, organization_id)
        if not plan.active:
            raise PlanClosed("nobody can subscribe to the plan any more; choose another one")
        offered(version, new.quantity)
        if new.payment_method_id is not None:
            await usable_method(self._methods, new.payment_method_id, customer.id, organization_id)
        delivery = new.delivery.values() if new.delivery is not None else None
        await self._require_taxable(organization_id, version.currency, customer, delivery)
        values = _days(new, version, day_at(now, new.time_zone or customer.time_zone), new.time_zone or customer.time_zone)
        subscription = await self._subscriptions.create(
            values
            | {
                "organization_id": organization_id,
                "customer_id": customer.id,
                "plan_version_id": version.id,
                "quantity": new.quantity,
                "payment_method_id": new.payment_method_id,
                "delivery": delivery,
                "delivery_slot": new.delivery_slot,
            },
            by=self._by,
            at=now,
        )
        started = SubscriptionStarted(
            subscription_id=subscription.id,
            organization_id=organization_id,
            customer_id=customer.id,
            on_trial=subscription.status == "trialing",
            started_at=now,
        )
        self._publisher.publish(started)
        if subscription.status == "active":
            self._publisher.publish(ProcessSingleSubscription(subscription_id=subscription.id))
        return subscription

    async def _require_taxable(
        self, organization_id: UUID, currency: str, customer: Customer, delivery: dict[str, Any] | None
    ) -> None:
        where = delivery_of(delivery, customer.address, customer.state_code)
        supply_of(await self._sellers.of(organization_id), currency, where, customer.address)


def _days(new: SubscriptionIn, version: PlanVersion, today: date, zone: str) -> dict[str, Any]:
    """The days of a new subscription, by column."""
    trial = version.trial_days if new.trial_days is None else new.trial_days
    first = today + timedelta(days=trial)
    if new.anchor_day is not None and version.interval_unit not in _ON_A_DAY:
        raise AnchorDayUnusable(f"its periods are counted in {version.interval_unit}s from the first day; leave anchor_day out")
    if new.ends_on is not None and new.ends_on <= first:
        raise EndTooEarly(f"its first period begins on {first.isoformat()}; name a later day, or none")
    return {
        "status": "trialing" if trial else "active",
        "time_zone": zone,
        "anchor": anchor_for(new.anchor_day, first) if new.anchor_day is not None else first,
        "started_on": today,
        "trial_ends_on": first if trial else None,
        "next_period_start": first,
        "next_bill_at": midnight(first, zone),
        "ends_on": new.ends_on,
    }
