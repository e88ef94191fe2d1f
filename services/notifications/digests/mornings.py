"""When somebody's morning is: 08:00 where the person is, whatever daylight saving does to the days around it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

AT: Final = time(8)
FALLBACK_ZONE: Final = "UTC"

LATEST: Final = timedelta(hours=12)
"""After this a digest is none of the morning any more; what it would have said is said on the next one."""


def last_morning(moment: datetime, zone: str) -> tuple[date, datetime]:
    """The last 08:00 in a zone until `moment`: its local day, and when it was, in UTC. An unknown zone counts as UTC."""
    try:
        local = ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        local = ZoneInfo(FALLBACK_ZONE)
    day = moment.astimezone(local).date()
    while (eight := datetime.combine(day, AT, tzinfo=local).astimezone(UTC)) > moment:
        day -= timedelta(days=1)
    return day, eight


def mornings_between(after: datetime, until: datetime, zones: list[str]) -> dict[str, date]:
    """The zones in which it became 08:00 in (after, until], with the local day; of several days the last.

    A morning that is more than LATEST ago is left out.
    """
    last = {zone: last_morning(until, zone) for zone in zones}
    return {zone: day for zone, (day, eight) in last.items() if eight > after and until - eight <= LATEST}
