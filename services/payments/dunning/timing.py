"""When what was not paid is tried again, and when it is given up. Days are the customer's own."""

from datetime import UTC, datetime, time, timedelta

from services.payments.dunning.models import DeclineKind, DunningPolicy
from services.payments.periods.zones import day_at, zone_named


def next_try(
    policy: DunningPolicy,
    kind: DeclineKind,
    *,
    began_at: datetime,
    used: int,
    now: datetime,
    zone: str,
    notice: timedelta = timedelta(),
) -> datetime | None:
    """When the next try by itself is made; None for none. notice: how long it takes to prepare a try.

    What only the customer can mend is not tried again by itself. What is wrong at our end is tried daily until the deadline, and
    takes nothing of the budget. Anything else has the policy's days; one that has passed meanwhile is made up for the next day.
    """
    if kind == "ask_customer":
        return None
    if kind == "our_setup":
        again = _soonest(now, zone, policy.retry_hour, notice)
        return again if again < deadline(policy, began_at, zone) else None
    if used >= len(policy.retry_days):
        return None
    wanted = _at_hour(began_at, zone, policy.retry_hour, days=policy.retry_days[used])
    return wanted if wanted > now + notice else _soonest(now, zone, policy.retry_hour, notice)


def deadline(policy: DunningPolicy, began_at: datetime, zone: str) -> datetime:
    """When the budget of tries or the grace is over, whichever is later, and a day for the last try to end."""
    last = max((*policy.retry_days, policy.grace_days), default=0)
    return _at_hour(began_at, zone, policy.retry_hour, days=last + 1)


def grace_end(policy: DunningPolicy, began_at: datetime, zone: str) -> datetime:
    """Until when the customer keeps what they have not paid for."""
    return _at_hour(began_at, zone, 0, days=policy.grace_days + 1)


def _soonest(now: datetime, zone: str, hour: int, notice: timedelta) -> datetime:
    """That hour of the next day, or of the first one that leaves the time for a notice."""
    days = 1
    while (found := _at_hour(now, zone, hour, days=days)) < now + notice:
        days += 1
    return found


def _at_hour(moment: datetime, zone: str, hour: int, *, days: int) -> datetime:
    day = day_at(moment, zone) + timedelta(days=days)
    return datetime.combine(day, time(hour), zone_named(zone)).astimezone(UTC)
