"""Another plan or another quantity: from the next period on, or now, with the days that are left credited and charged."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.periods.models import Period
from services.payments.periods.zones import day_at, midnight
from services.payments.plans.errors import PlanClosed
from services.payments.plans.models import PlanVersion, Terms
from services.payments.plans.repository import PlanReader
from services.payments.plans.service import plan_of
from services.payments.subscriptions.billing import period_from, share
from services.payments.subscriptions.changing import RUNNING, require
from services.payments.subscriptions.errors import BilledToday, CurrencyDiffers, NothingDelivered, PeriodUnpaid
from services.payments.subscriptions.models import Subscription, SubscriptionPeriod
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schemas import PlanChangeIn
from services.payments.subscriptions.service import Check, found, offered
from shared.contracts.payments import ProcessSingleSubscription
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher


@dataclass(frozen=True, slots=True)
class Proration:
    """What a change makes due, above nothing, or leaves unused, below it; before tax."""

    description: str
    hsn_sac: str
    tax_rate_bp: int
    amount_minor: int


def prorate(terms: Terms, quantity: int, left: Period, whole: Period, *, sign: int) -> list[Proration]:
    """What the days that are left of a period come to, line by line. sign: -1 for what is not used, 1 for what is used instead.

    The days before and the days that are left always add up to the whole, to the last minor unit.
    """
    what = "Unused" if sign < 0 else "Additional"
    found = []
    for line in terms.lines:
        used = Period(whole.start, left.start)
        gross = quantity * line.quantity * line.unit_price_minor
        amount = gross - share(gross, used, whole) if used.start < used.end else gross
        if amount:
            days = f"{left.start:%d.%m.%Y} to before {left.end:%d.%m.%Y}"
            text = f"{what}: {line.name}, {quantity * line.quantity} from {days}"[:300]
            found.append(Proration(text, line.hsn_sac, line.tax_rate_bp, sign * amount))
    return found


class PlanChanging:
    """Works in one unit of work, on a subscription that it holds."""

    def __init__(
        self,
        subscriptions: SubscriptionRepository,
        plans: PlanReader,
        publisher: Publisher,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._subscriptions = subscriptions
        self._plans = plans
        self._publisher = publisher
        self._clock = clock
        self._by = by

    async def change(self, key: UUID, organization_id: UUID | None, asked: PlanChangeIn, check: Check) -> Subscription:
        """Raises SubscriptionNotFound, SubscriptionForbids, PlanNotFound, PlanClosed, CurrencyDiffers, QuantityNotOffered,
        NothingDelivered, PeriodUnpaid, BilledToday and what `check` raises."""
        one = found(await self._subscriptions.find(key, organization_id, lock=True))
        check(one.version)
        require(one, RUNNING, "changed")
        old = (await self._subscriptions.versions([one.plan_version_id]))[one.plan_version_id]
        new = await self._wanted(one, old, asked)
        quantity = asked.quantity or one.next_quantity or one.quantity
        offered(new, quantity)
        if asked.when == "next_period" or one.status == "trialing":
            return await self._later(one, new, quantity, asked.reason)
        if old.delivers or new.delivers:
            raise NothingDelivered("what is delivered is not charged by days; change it from the next period on")
        return await self._now(one, old.terms, new.terms, quantity, asked.reason)

    async def _wanted(self, one: Subscription, old: PlanVersion, asked: PlanChangeIn) -> PlanVersion:
        if asked.plan_id is None:
            later = one.next_plan_version_id
            return old if later is None else (await self._subscriptions.versions([later]))[later]
        plan, new = await plan_of(self._plans, asked.plan_id, one.organization_id)
        if not plan.active:
            raise PlanClosed("nobody can change to the plan any more; choose another one")
        if new.currency != old.currency:
            raise CurrencyDiffers(f"the subscription is in {old.currency}; cancel it and begin another one")
        return new

    async def _later(self, one: Subscription, new: PlanVersion, quantity: int, reason: str | None) -> Subscription:
        values = {
            "next_plan_version_id": new.id if new.id != one.plan_version_id else None,
            "next_quantity": quantity if quantity != one.quantity else None,
        }
        return await self._write(one, values, reason)

    async def _now(self, one: Subscription, old: Terms, new: Terms, quantity: int, reason: str | None) -> Subscription:
        today = day_at(self._clock(), one.time_zone)
        current = await self._subscriptions.period_on(one.id, today)
        values: dict[str, Any] = {
            "plan_version_id": new.id,
            "quantity": quantity,
            "next_plan_version_id": None,
            "next_quantity": None,
        }
        if current is not None:
            values |= await self._prorated(one, current, old, new, quantity, today)
        changed = await self._write(one, values, reason)
        if not old.same_rhythm(new):
            self._publisher.publish(ProcessSingleSubscription(subscription_id=one.id))
        return changed

    async def _prorated(
        self, one: Subscription, current: SubscriptionPeriod, old: Terms, new: Terms, quantity: int, today: date
    ) -> dict[str, Any]:
        """Credit and charge the days that are left. Another rhythm begins today, with a period of its own."""
        if current.status != "paid":
            raise PeriodUnpaid("what the days that are left are worth is known when the period is paid; change it later")
        left = Period(today, current.end_on)
        _, whole = period_from(one.anchor, old, current.start_on)
        # What the period was billed for an earlier change may have credited already: the subscription says what the days are now.
        parts = prorate(old, one.quantity, left, whole, sign=-1)
        values: dict[str, Any] = {}
        if old.same_rhythm(new):
            parts += prorate(new, quantity, left, whole, sign=1)
        elif current.start_on == today:
            raise BilledToday("a period of the new length cannot begin on the day on which one was billed; change it tomorrow")
        else:
            await self._subscriptions.shorten(current, today, self._clock())
            values = {"anchor": today, "next_period_start": today, "next_bill_at": midnight(today, one.time_zone)}
        for part in parts:
            await self._subscriptions.adjust(
                one.id,
                {
                    "description": part.description,
                    "hsn_sac": part.hsn_sac,
                    "tax_rate_bp": part.tax_rate_bp,
                    "amount_minor": part.amount_minor,
                },
                by=self._by,
                at=self._clock(),
            )
        return values

    async def _write(self, one: Subscription, values: dict[str, Any], reason: str | None) -> Subscription:
        return await self._subscriptions.change(one.id, values, by=self._by, at=self._clock(), reason=reason)
