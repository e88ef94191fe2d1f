"""When what was not paid is tried again: in the customer's days, never before their ten o'clock, and never for ever."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.dunning.models import DeclineKind, DunningPolicy
from services.payments.dunning.timing import deadline, grace_end, next_try

INDIA = "Asia/Kolkata"
BEGAN = datetime(2026, 3, 1, 18, 31, tzinfo=UTC)
"""One minute past midnight of 2 March in India."""
POLICY = DunningPolicy()


@pytest.mark.parametrize(
    ("used", "expected"),
    [(0, datetime(2026, 3, 3, 4, 30, tzinfo=UTC)), (1, datetime(2026, 3, 5, 4, 30, tzinfo=UTC)), (4, None)],
)
def test_tries_follow_the_policys_days_at_ten(used: int, expected: datetime | None) -> None:
    assert next_try(POLICY, "later", began_at=BEGAN, used=used, now=BEGAN, zone=INDIA) == expected


def test_what_only_the_customer_can_mend_goes_straight_to_the_deadline() -> None:
    assert next_try(POLICY, "ask_customer", began_at=BEGAN, used=0, now=BEGAN, zone=INDIA) is None
    assert deadline(POLICY, BEGAN, INDIA) == datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
    assert grace_end(POLICY, BEGAN, INDIA) == datetime(2026, 3, 9, 18, 30, tzinfo=UTC)


def test_what_is_wrong_at_our_end_is_tried_daily_until_the_deadline() -> None:
    now, found = BEGAN, 0
    while (again := next_try(POLICY, "our_setup", began_at=BEGAN, used=0, now=now, zone=INDIA)) is not None:
        now, found = again, found + 1

    assert (found, now) == (7, datetime(2026, 3, 9, 4, 30, tzinfo=UTC))


@settings(deadline=None, max_examples=100)
@given(
    minutes=st.integers(0, 525_600),
    zone=st.sampled_from([INDIA, "America/New_York", "Pacific/Apia", "Africa/Cairo", "UTC"]),
    days=st.lists(st.integers(1, 30), max_size=5).map(lambda found: tuple(sorted(found))),
    kind=st.sampled_from(["safe_now", "later", "our_setup"]),
    late_h=st.integers(0, 100),
    notice_h=st.sampled_from([0, 37]),
)
def test_no_try_is_made_in_the_night_or_in_the_past(
    minutes: int, zone: str, days: tuple[int, ...], kind: DeclineKind, late_h: int, notice_h: int
) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    policy, now, used = DunningPolicy(retry_days=days), began + timedelta(hours=late_h), 0
    for _ in range(60):
        notice = timedelta(hours=notice_h)
        again = next_try(policy, kind, began_at=began, used=used, now=now, zone=zone, notice=notice)
        if again is None:
            break
        assert again > now
        assert again >= now + notice
        assert again.astimezone(ZoneInfo(zone)).hour >= 10
        now, used = again, used + (kind != "our_setup")
    else:
        pytest.fail("it is tried for ever")
    assert used <= len(days)
