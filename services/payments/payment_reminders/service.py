"""Reminding customers of charges that are to be made, and of what ends unless they pay."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.customers.models import reference_of
from services.payments.payment_reminders.repository import Expiring, ReminderRepository
from services.payments.periods.zones import midnight
from services.payments.subscriptions.deciding import preview
from services.payments.subscriptions.due_models import Due, DueRow
from services.payments.subscriptions.due_rows import due_of
from services.payments.subscriptions.subjects import reminders_of
from shared.contracts.money import Money
from shared.contracts.notifications import SendPaymentReminderSms, SendSubscriptionRenewalReminder
from shared.contracts.payments import SendPaymentReminders, SendSubscriptionRenewalReminders
from shared.runtime.outbox import Publisher

AT_ONCE: Final = 500
"""So many subscriptions are dealt with by one message; the rest by one that follows."""
STEPS: Final = (5, 3, 1)
"""Days before the end."""
_WORTH: Final = timedelta(hours=20)
"""What could not be sent by then is overtaken by the days that it counts."""


class SubscriptionReminders:
    """Works in one unit of work: what it notes and what it publishes is committed together."""

    def __init__(self, repository: ReminderRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def announce_renewals(self, slot: datetime) -> None:
        """Tell of the charges of the 24 hours after `slot`, each once, and again where it comes to something else by now."""
        renewing = await self._repository.take_renewing(slot, AT_ONCE)
        told: dict[UUID, int] = {}
        for one in renewing:
            due, total_minor = _priced(one.row, slot)
            if due is not None and total_minor and total_minor != one.told_minor:
                told[due.id] = total_minor
                self._publisher.publish(_renewal(due, total_minor, one.version))
        await self._repository.announced(told)
        if len(renewing) == AT_ONCE:
            self._publisher.publish(SendSubscriptionRenewalReminders(slot=slot))

    async def remind(self, slot: datetime) -> None:
        """Remind those who pay themselves, 5, 3 and 1 days before the end; after days without a run once."""
        expiring = await self._repository.take_expiring(slot, STEPS, AT_ONCE)
        for one in expiring:
            due, total_minor = _priced(one.row, slot)
            if due is not None and total_minor:
                self._publisher.publish(_sms(due, one, total_minor, slot))
        if len(expiring) == AT_ONCE:
            self._publisher.publish(SendPaymentReminders(slot=slot))


def _priced(row: DueRow, slot: datetime) -> tuple[Due | None, int]:
    """What the next period comes to; nothing where there is none, or where nobody can say."""
    due = due_of(row, slot)
    if not isinstance(due, Due):
        return None, 0
    bill = preview(due)
    return due, bill.total_minor if bill is not None else 0


def _renewal(due: Due, total_minor: int, version: int) -> SendSubscriptionRenewalReminder:
    renews_at = midnight(due.next_period_start, due.time_zone)
    return SendSubscriptionRenewalReminder(
        to_person=reference_of(due.customer_id),
        organization_id=due.organization_id,
        subscription_id=str(due.id),
        plan_name=(due.next_terms or due.terms).name,
        amount=Money(amount_minor=total_minor, currency=due.terms.currency),
        renews_at=renews_at,
        subject_key=reminders_of(due.id),
        dedupe_key=f"payments.subscription_renewal:{due.id}:{due.next_period_start.isoformat()}:{version}",
        valid_until=renews_at,
    )


def _sms(due: Due, one: Expiring, total_minor: int, slot: datetime) -> SendPaymentReminderSms:
    expires_on = due.next_period_start
    return SendPaymentReminderSms(
        to_person=reference_of(due.customer_id),
        organization_id=due.organization_id,
        subscription_id=str(due.id),
        plan_name=(due.next_terms or due.terms).name,
        amount=Money(amount_minor=total_minor, currency=due.terms.currency),
        expires_on=expires_on,
        days_left=one.days_left,
        subject_key=reminders_of(due.id),
        dedupe_key=f"payments.payment_reminder:{due.id}:{expires_on.isoformat()}:{one.step}",
        valid_until=min(slot + _WORTH, midnight(expires_on, due.time_zone)),
    )
