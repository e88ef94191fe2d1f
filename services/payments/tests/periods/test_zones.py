"""Local days as moments."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.payments.periods.errors import UnknownZone
from services.payments.periods.zones import day_at, midnight


@pytest.mark.parametrize(
    ("day", "zone", "moment"),
    [
        ("2026-03-01", "Asia/Kolkata", "2026-02-28T18:30"),
        ("2026-03-01", "Asia/Kathmandu", "2026-02-28T18:15"),
        ("2026-03-01", "UTC", "2026-03-01T00:00"),
        # Clocks go from 24:00 to 1:00, so the day begins at 1:00.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00"),
        ("2024-04-26", "Africa/Cairo", "2024-04-25T22:00"),
        # Clocks go from 1:00 to 0:00, and the day begins when they show 0:00 for the first time.
        ("2026-11-01", "America/Havana", "2026-11-01T04:00"),
        # Clocks go from 24:00 to 23:00, and the day before is an hour longer.
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00"),
        # A day that Samoa left out, and the one after it begin together.
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00"),
    ],
)
def test_day_begins_when_the_zone_first_shows_it(day: str, zone: str, moment: str) -> None:
    assert midnight(date.fromisoformat(day), zone) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "zone",
    [
        "Asia/Kolkata",
        "Europe/Berlin",
        "America/Scoresbysund",
        "Africa/Cairo",
        "America/Havana",
        "Asia/Beirut",
        "Australia/Lord_Howe",
    ],
)
def test_days_of_three_years_follow_on_each_other(zone: str) -> None:
    for number in range(3 * 366):
        day = date(2024, 1, 1) + timedelta(days=number)
        begins = midnight(day, zone)

        assert day_at(begins, zone) == day
        assert day_at(begins - timedelta(seconds=1), zone) == day - timedelta(days=1)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "../etc/passwd", "/etc/passwd", "a\x00b", "Asia", "asia/kolkata", "localtime", "x" * 300]
)
def test_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone, match="Asia/Kolkata"):
        midnight(date(2026, 3, 1), zone)
