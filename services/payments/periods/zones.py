"""Local days as moments."""

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from services.payments.periods.errors import UnknownZone


def zone_named(name: str) -> ZoneInfo:
    """The time zone of the IANA database. Raises UnknownZone."""
    if name not in _names():
        raise UnknownZone("the time zone is not known; send a name such as Asia/Kolkata")
    return ZoneInfo(name)


def midnight(day: date, zone: str) -> datetime:
    """When the day begins in the zone, in UTC. Raises UnknownZone.

    Where clocks skip midnight it is the moment of the change, which is when the day begins; where they show it twice, the
    first time.
    """
    return datetime.combine(day, time(), zone_named(zone)).astimezone(UTC)


def day_at(moment: datetime, zone: str) -> date:
    """Which day it is in the zone. Raises UnknownZone."""
    return moment.astimezone(zone_named(zone)).date()


@cache
def _names() -> set[str]:
    # Some systems have their own clock's zone beside the database; it means something else on each machine.
    return available_timezones() - {"localtime"}
