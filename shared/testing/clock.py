"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

MONDAY_MORNING: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FrozenClock:
    """A `shared.runtime.clock.Clock` for tests: `clock()` is the same moment until `advance` or `set`."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._now = now
        self.set(now)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move by a duration, which may be negative, and return the new time."""
        return self.set(self._now + by)

    def set(self, now: datetime) -> datetime:
        """Move to an aware moment, and return it in UTC. ValueError for a naive one."""
        if now.tzinfo is None:
            raise ValueError(f"{now} is naive: give it a time zone, such as tzinfo=UTC")
        self._now = now.astimezone(UTC)
        return self._now


@pytest.fixture
def clock() -> FrozenClock:
    """A frozen clock at a Monday morning, 9:00 UTC."""
    return FrozenClock()
