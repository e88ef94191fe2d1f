"""When settlements are due, by India's working days."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.payments.settlements.working_days import is_working_day, overdue_before, settles_by

INDIA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("captured", "days", "by"),
    [
        # Monday, Thursday, Friday, Saturday.
        (date(2026, 3, 9), 2, date(2026, 3, 11)),
        (date(2026, 3, 12), 2, date(2026, 3, 16)),
        (date(2026, 3, 13), 2, date(2026, 3, 17)),
        (date(2026, 3, 14), 2, date(2026, 3, 17)),
        # Republic Day is a Monday.
        (date(2026, 1, 23), 2, date(2026, 1, 28)),
        (date(2026, 3, 9), 7, date(2026, 3, 18)),
    ],
)
def test_settlement_is_due_after_so_many_working_days(captured: date, days: int, by: date) -> None:
    assert (settles_by(captured, days), is_working_day(by)) == (by, True)


@pytest.mark.parametrize("now", [datetime(2026, 3, 12, 0, 30, tzinfo=INDIA), datetime(2026, 1, 29, 12, tzinfo=UTC)])
def test_what_was_captured_before_the_moment_is_late_and_what_came_then_is_not(now: datetime) -> None:
    moment = overdue_before(now, INDIA, 2)
    today = now.astimezone(INDIA).date()

    assert settles_by(moment.date(), 2) >= today
    assert settles_by(date.fromordinal(moment.date().toordinal() - 1), 2) < today
