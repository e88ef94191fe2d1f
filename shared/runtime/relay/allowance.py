"""How many messages may go to a lane now, where somebody has set how fast it is sent to."""

import time
from collections.abc import Callable, Mapping


class Allowances:
    """One relay's, for the lanes that have a limit. What is not used is saved up for a second, and one message at least."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limits: Mapping[str, float] = {}
        self._left: dict[str, tuple[float, float]] = {}

    def set(self, limits: Mapping[str, float]) -> None:
        """Messages per second by lane. Lanes that are not named have no limit."""
        self._limits = limits
        self._left = {lane: kept for lane, kept in self._left.items() if lane in limits}

    def of(self, lane: str) -> int | None:
        """How many may go now; None for as many as there are."""
        return None if lane not in self._limits else int(self._now(lane))

    def spend(self, lane: str, messages: int) -> None:
        """So many have gone."""
        if lane in self._limits:
            self._left[lane] = (self._clock(), self._now(lane) - messages)

    def _now(self, lane: str) -> float:
        per_s, now = self._limits[lane], self._clock()
        at, left = self._left.setdefault(lane, (now, min(1.0, per_s)))
        return min(max(1.0, per_s), left + (now - at) * per_s)
