"""When somebody's morning is: 08:00 where the person is, whatever daylight saving does to the days around it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.notifications.digests.repository import MONDAY

AT: Final = time(8)
FALLBACK_ZONE: Final = "UTC"

LATEST: Final = timedelta(hours=12)
"""After this a digest is none of the morning any more; what it would have said is said on the next one."""


def last_morning(moment: datetime, zone: str) -> tuple[date, datetime]:
    """The last 08:00 in a zone until `moment`: its local day, and when it was, in UTC. An unknown zone counts as UTC."""
    local = _zone(zone)
    day = moment.astimezone(local).date()
    while (eight := datetime.combine(day, AT, tzinfo=local).astimezone(UTC)) > moment:
        day -= timedelta(days=1)
    return day, eight


def until_next_morning(day: date, zone: str) -> datetime:
    """When the digest of a day is none any more: at the next 08:00 there, in UTC. An unknown zone counts as UTC."""
    return datetime.combine(day + timedelta(days=1), AT, tzinfo=_zone(zone)).astimezone(UTC)


def next_morning(moment: datetime, zone: str) -> datetime:
    """The first 08:00 in a zone after `moment`, in UTC. An unknown zone counts as UTC."""
    day, _ = last_morning(moment, zone)
    return until_next_morning(day, zone)


def next_monday(moment: datetime, zone: str) -> datetime:
    """The first 08:00 of a Monday in a zone after `moment`, in UTC. An unknown zone counts as UTC."""
    day, _ = last_morning(moment, zone)
    # From a Monday's morning on, the next one's.
    return until_next_morning(day + timedelta(days=7 - day.isoweekday()), zone)


def is_monday(day: date) -> bool:
    """Whether the digest of this day tells of the week as well."""
    return day.isoweekday() == MONDAY


def mornings_between(after: datetime, until: datetime, zones: list[str]) -> dict[str, date]:
    """The zones in which it became 08:00 in (after, until], with the local day; of several days the last.

    A morning that is more than LATEST ago is left out.
    """
    last = {zone: last_morning(until, zone) for zone in zones}
    return {zone: day for zone, (day, eight) in last.items() if eight > after and until - eight <= LATEST}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return ZoneInfo(FALLBACK_ZONE)
