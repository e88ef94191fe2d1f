"""What people do about a subscription: pause, resume, end, and change what it is paid with or where it goes."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.payments.payment_methods.repository import MethodReader
from services.payments.periods.zones import day_at, midnight
from services.payments.subscriptions.due_rows import require_taxable
from services.payments.subscriptions.errors import (
    EndTooEarly,
    NotAPeriodStart,
    NotHeld,
    NothingDelivered,
    PeriodBilled,
    ResumeTooEarly,
    SkipNotFound,
    SubscriptionForbids,
)
from services.payments.subscriptions.models import OVER, Subscription, SubscriptionStatus
from services.payments.subscriptions.news import over
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schemas import CancelIn, PauseIn, SubscriptionChange
from services.payments.subscriptions.service import Check, billable, found, next_starts, usable_method
from services.payments.subscriptions.subjects import reminders_of
from services.payments.subscriptions.unpaid import Unpaid
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import ProcessSingleSubscription, SettleSubscription
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

RUNNING: Final = frozenset[SubscriptionStatus]({"trialing", "active"})
MOST_SKIPS: Final = 60
"""So many periods ahead a delivery can be skipped."""


def require(subscription: Subscription, statuses: Collection[SubscriptionStatus], what: str) -> None:
    """Raises SubscriptionForbids."""
    if subscription.status not in statuses:
        raise SubscriptionForbids(f"it is {subscription.status}, and cannot be {what}", subscription_status=subscription.status)


class Changing:
    """Works in one unit of work, on a subscription that it holds. `organization_id` is whose the caller may change.

    Every method raises SubscriptionNotFound and what `check` raises.
    """

    def __init__(
        self,
        subscriptions: SubscriptionRepository,
        methods: MethodReader,
        unpaid: Unpaid,
        publisher: Publisher,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._subscriptions = subscriptions
        self._methods = methods
        self._unpaid = unpaid
        self._publisher = publisher
        self._clock = clock
        self._by = by

    async def pause(self, key: UUID, organization_id: UUID | None, asked: PauseIn, check: Check) -> Subscription:
        """Bill nothing until it goes on; what is paid for stays paid for, and an end that is set comes on its day all the same.

        Raises SubscriptionForbids and ResumeTooEarly.
        """
        one = await self._held(key, organization_id, check)
        require(one, RUNNING, "paused")
        today = self._today(one)
        if asked.resumes_on is not None and asked.resumes_on <= today:
            raise ResumeTooEarly("name a day after today, or none")
        resumes_at = midnight(asked.resumes_on, one.time_zone) if asked.resumes_on is not None else None
        values = {"status": "paused", "paused_on": today, "resumes_at": resumes_at, "next_bill_at": None}
        self._forget_reminders(one, "the subscription is paused")
        return await self._change(one, values, asked.reason)

    async def resume(self, key: UUID, organization_id: UUID | None, reason: str | None, check: Check) -> Subscription:
        """Go on today: the days of the pause that nobody has paid for are not billed. Where a period from before it is not paid,
        it is past due. Raises SubscriptionForbids, also where its end has come in the pause."""
        one = await self._held(key, organization_id, check)
        require(one, {"paused"}, "resumed")
        today, end = self._today(one), end_of_paused(one)
        if end is not None and end <= today:
            detail = f"it ends on {end.isoformat()}, and cannot be resumed; take back its end first"
            raise SubscriptionForbids(detail, subscription_status=one.status)
        start = max(one.next_period_start, today)
        status = "trialing" if one.trial_ends_on is not None and one.trial_ends_on > today else "active"
        values = {"status": status, "paused_on": None, "resumes_at": None, **self._from(one, start)}
        changed = await self._change(one, values, reason)
        return await self._bill(await self._subscriptions.still_owed(changed, by=self._by, at=self._clock()))

    async def cancel(self, key: UUID, organization_id: UUID | None, asked: CancelIn, check: Check) -> Subscription:
        """End it now, where what was not paid is owed no more, or when what is paid for is over. Raises SubscriptionForbids."""
        one = await self._held(key, organization_id, check, owing=asked.at == "now")
        if asked.at == "period_end":
            require(one, RUNNING | {"paused"}, "cancelled for the end of its period")
            changed = await self._change(one, {"ends_at_period_end": True, "cancel_reason": asked.reason}, asked.reason)
            changed = await self._end_pause(changed)
        else:
            require(one, {"trialing", "active", "past_due", "paused", "unpaid"}, "cancelled")
            changed = await self._change(one, ended("cancelled", asked.reason, self._clock()), asked.reason)
            await self._unpaid.give_up(changed, "the subscription was cancelled", self._clock())
            self._publisher.publish(over(changed, "cancelled", self._clock()))
            self._publisher.publish(SettleSubscription(subscription_id=one.id, charges_owed=False))
        self._forget_reminders(one, "the subscription was cancelled")
        return changed

    async def keep(self, key: UUID, organization_id: UUID | None, reason: str | None, check: Check) -> Subscription:
        """Let it go on after the end of its period after all. Raises SubscriptionForbids."""
        one = await self._held(key, organization_id, check)
        require(one, {"trialing", "active", "past_due", "paused"}, "kept")
        if not one.ends_at_period_end:
            return one
        return await self._change(one, {"ends_at_period_end": False, "cancel_reason": None}, reason)

    async def release(self, key: UUID, organization_id: UUID | None, reason: str | None, check: Check) -> Subscription:
        """Let its billing go on, which waited for a person. Raises NotHeld."""
        one = await self._held(key, organization_id, check)
        if one.held_reason is None:
            raise NotHeld("its billing waits for nobody")
        return await self._bill(await self._change(one, {"held_reason": None}, reason))

    async def start_anew(self, key: UUID, organization_id: UUID | None, reason: str | None, check: Check) -> Subscription:
        """Let one go on that was given up as unpaid: what was owed is forgotten, and a period begins today.

        Raises SubscriptionForbids.
        """
        one = await self._held(key, organization_id, check, owing=True)
        require(one, {"unpaid"}, "started anew")
        await self._unpaid.give_up(one, "the subscription was started anew", self._clock())
        self._publisher.publish(SettleSubscription(subscription_id=one.id))
        start = max(one.next_period_start, self._today(one))
        return await self._bill(
            await self._change(one, {"status": "active", "access_until": None, **self._from(one, start)}, reason)
        )

    async def set(self, key: UUID, organization_id: UUID | None, asked: SubscriptionChange, check: Check) -> Subscription:
        """Change what it is paid with, where it goes and when it ends. Another method is tried at once with what is owed.

        Raises SubscriptionForbids, MethodUnusable, EndTooEarly and PlaceOfSupplyUnknown.
        """
        values = asked.values()
        one = await self._held(key, organization_id, check, owing=values.get("payment_method_id") is not None)
        if one.status in OVER:
            raise SubscriptionForbids(f"it is {one.status}, and stays as it is", subscription_status=one.status)
        method_id = values.get("payment_method_id")
        if method_id is not None:
            await usable_method(self._methods, method_id, one.customer_id, one.organization_id)
        if asked.ends_on is not None and asked.ends_on < one.next_period_start:
            raise EndTooEarly(f"it is paid up to {one.next_period_start.isoformat()}; name that day or a later one")
        # What the change overwrites: it is the same row, and so the same object.
        is_another = method_id is not None and method_id != one.payment_method_id
        was_by_hand = one.payment_method_id is None
        changed = await self._change(one, values, None)
        if "delivery" in values:
            require_taxable(await self._subscriptions.due(key))
        if was_by_hand and is_another:
            self._forget_reminders(changed, "it is charged by itself now")
        if is_another and changed.status in ("past_due", "unpaid"):
            await self._unpaid.try_again(changed, self._clock())
        return changed

    async def retry(self, key: UUID, organization_id: UUID | None, check: Check) -> Subscription:
        """Charge what is owed now; it takes nothing of the tries that are made by themselves. Raises SubscriptionForbids."""
        one = await self._held(key, organization_id, check, owing=True)
        require(one, {"past_due", "unpaid"}, "charged again")
        await self._unpaid.try_again(one, self._clock())
        return one

    async def skip(self, key: UUID, organization_id: UUID | None, start_on: date) -> Subscription:
        """Do without the delivery of a coming period, which is not charged either.

        Raises NothingDelivered, PeriodBilled and NotAPeriodStart.
        """
        one = await self._held(key, organization_id, lambda _: None)
        due = await billable(self._subscriptions, one, self._clock)
        if not (due.next_terms or due.terms).delivers:
            raise NothingDelivered("its plan delivers nothing; pause it instead")
        if start_on < one.next_period_start:
            raise PeriodBilled("the delivery is under way; cancel its order instead")
        starts = next_starts(due, MOST_SKIPS)
        if start_on not in starts:
            raise NotAPeriodStart(
                "name the first day of one of the next periods", next_starts_on=[day.isoformat() for day in starts[:12]]
            )
        await self._subscriptions.skip(key, start_on, by=self._by, at=self._clock())
        return one

    async def unskip(self, key: UUID, organization_id: UUID | None, start_on: date) -> Subscription:
        """Take a delivery up again. Raises SkipNotFound and PeriodBilled."""
        one = await self._held(key, organization_id, lambda _: None)
        if start_on < one.next_period_start:
            raise PeriodBilled("the period has begun without a delivery")
        if not await self._subscriptions.unskip(key, start_on):
            raise SkipNotFound("the delivery of this day is not skipped")
        return one

    async def _end_pause(self, one: Subscription) -> Subscription:
        """A pause after all that was paid for leaves nothing to wait for: it is over, unless something from before is owed."""
        if one.status != "paused" or one.next_period_start > self._today(one):
            return one
        values = {"status": "active", "paused_on": None, "resumes_at": None, **self._from(one, one.next_period_start)}
        changed = await self._change(one, values, "its end has come in the pause")
        changed = await self._subscriptions.still_owed(changed, by=self._by, at=self._clock())
        if changed.status != "active":
            return changed
        changed = await self._change(changed, ended("cancelled", changed.cancel_reason, self._clock()), changed.cancel_reason)
        self._publisher.publish(over(changed, "cancelled", self._clock()))
        self._publisher.publish(SettleSubscription(subscription_id=one.id))
        return changed

    async def _held(self, key: UUID, organization_id: UUID | None, check: Check, *, owing: bool = False) -> Subscription:
        """owing: with what it owes."""
        if owing:
            await self._unpaid.hold(key)
        one = found(await self._subscriptions.find(key, organization_id, lock=True))
        check(one.version)
        return one

    async def _change(self, one: Subscription, values: dict[str, Any], reason: str | None) -> Subscription:
        return await self._subscriptions.change(one.id, values, by=self._by, at=self._clock(), reason=reason)

    async def _bill(self, one: Subscription) -> Subscription:
        self._publisher.publish(ProcessSingleSubscription(subscription_id=one.id))
        return one

    def _from(self, one: Subscription, start: date) -> dict[str, Any]:
        return {"next_period_start": start, "next_bill_at": midnight(start, one.time_zone)}

    def _forget_reminders(self, one: Subscription, reason: str) -> None:
        self._publisher.publish(CancelMessages(subject_key=reminders_of(one.id), reason=reason))

    def _today(self, one: Subscription) -> date:
        return day_at(self._clock(), one.time_zone)


def end_of_paused(one: Subscription) -> date | None:
    """The day on which a paused one ends as things stand, whatever its pause says; as `due_repository.py` has it."""
    if one.ends_at_period_end:
        return one.next_period_start
    return max(one.next_period_start, one.ends_on) if one.ends_on is not None else None


def ended(status: SubscriptionStatus, reason: str | None, at: datetime) -> dict[str, Any]:
    """The columns of one that is over."""
    return {
        "status": status,
        "next_bill_at": None,
        "resumes_at": None,
        "paused_on": None,
        "access_until": None,
        "cancelled_at": at,
        "cancel_reason": reason,
    }
