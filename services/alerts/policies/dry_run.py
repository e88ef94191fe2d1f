"""Dry runs: what a policy would have raised on history, before it is saved."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, get_args

from services.alerts.alerts.models import Severity
from services.alerts.calendars.models import FIRST_DAY, CalendarDay
from services.alerts.calendars.service import CalendarCatalogue
from services.alerts.policies.dry_run_repository import DryRunReader
from services.alerts.policies.dry_run_schemas import Counts, DryRunOut, OfCustomer, OfDay
from services.alerts.policies.errors import CustomerWithoutOrganization, PeriodNotCounted
from services.alerts.policies.models import Counted, Question
from services.alerts.policies.repository import PolicyReader

LONGEST: Final = timedelta(days=366)


class DryRun:
    """Reads alone."""

    def __init__(self, history: DryRunReader, policies: PolicyReader, calendars: CalendarCatalogue) -> None:
        self._history = history
        self._policies = policies
        self._calendars = calendars

    async def count(self, question: Question, *, today: date) -> DryRunOut:
        """Counts of the policy in question, and of what is in force on the same shipments.

        Raises PeriodNotCounted, CustomerWithoutOrganization and UnknownCalendar.
        """
        _check(question, today)
        unbuilt: Sequence[CalendarDay] = ()
        if question.content.calendar is not None:
            unbuilt = await self._calendars.unbuilt(question.content.calendar)
        policy_id = await self._policies.with_scope(question.scope)
        found = await self._history.count(question, policy_id, unbuilt, today=today)
        return DryRunOut(
            shipments_considered=_one([one for one in found if one.proposed], "considered"),
            proposed=_counts([one for one in found if one.proposed]),
            in_force=_counts([one for one in found if not one.proposed]),
        )


def _check(question: Question, today: date) -> None:
    if question.scope.customer is not None and question.scope.organization_id is None:
        raise CustomerWithoutOrganization("name the customer's organization, ?organization_id=…, or leave the customer out")
    if question.first > question.last or question.last - question.first >= LONGEST:
        raise PeriodNotCounted(f"`from` lies after `to`, or there are more than {LONGEST.days} days; name a shorter period")
    if question.last > today:
        raise PeriodNotCounted("`to` lies in the future, of which there is no history; name today or an earlier day")
    if question.first < FIRST_DAY:
        raise PeriodNotCounted(f"`from` lies before {FIRST_DAY}, and so before every ETA; name a later day")


def _one(found: Sequence[Counted], what: str) -> int:
    return sum(one.number for one in found if one.what == what)


def _counts(found: Sequence[Counted]) -> Counts:
    severities: dict[Severity, int] = dict.fromkeys(get_args(Severity), 0)
    severities |= {
        severity: one.number for one in found for severity in severities if one.what == "severity" and one.key == severity
    }
    days = [OfDay(day=date.fromisoformat(one.key), alerts=one.number) for one in found if one.what == "day" and one.key]
    customers = [
        OfCustomer(organization_id=one.organization_id, customer=one.key, alerts=one.number)
        for one in found
        if one.what == "customer" and one.key is not None and one.organization_id is not None
    ]
    return Counts(
        alerts=sum(severities.values()),
        shipments=_one(found, "shipments"),
        recipients=_one(found, "recipients"),
        emails=_one(found, "emails"),
        digests=_one(found, "digests"),
        by_day=days,
        by_severity=severities,
        by_customer=customers,
    )
