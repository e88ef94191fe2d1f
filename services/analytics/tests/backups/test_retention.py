"""Which backups are kept."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.analytics.backups.retention import Kept, kept

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


def every_six_hours(days: int) -> dict[UUID, datetime]:
    """Four a day."""
    return {UUID(int=number): START + timedelta(hours=6 * number) for number in range(4 * days)}


def test_newest_ones_are_kept_then_the_last_of_each_day_and_of_each_week() -> None:
    snapshots = every_six_hours(28)

    stay = sorted(snapshots[key] for key in kept(snapshots, Kept(recent=3, daily=3, weekly=3)))

    assert [f"{moment:%d %H}" for moment in stay] == ["15 18", "22 18", "27 18", "28 18", "29 06", "29 12", "29 18"]


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_newest_always_stays_and_deciding_again_takes_nothing_more_away(
    hours: list[int], recent: int, daily: int, weekly: int
) -> None:
    rule = Kept(recent, daily, weekly)
    snapshots = {UUID(int=number): START + timedelta(hours=hour) for number, hour in enumerate(hours)}

    stay = kept(snapshots, rule)

    assert len(stay) <= max(1, recent) + daily + weekly
    assert not snapshots or max(snapshots.values()) in {snapshots[key] for key in stay}
    assert kept({key: snapshots[key] for key in stay}, rule) == stay
