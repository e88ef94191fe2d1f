"""What one follower has still to be told: of positions and arrivals the newest of each trip, of statuses every one."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

from services.trips.live.events import START, EventId, LiveEvent

MOST_STATUSES: Final = 1000
"""More than that for somebody who takes nothing, and the follower begins anew."""


class Subscription:
    """One follower of some trips. However slow, it holds a position and an arrival of each, and a bounded number of statuses."""

    def __init__(self, trip_ids: Collection[str], *, is_public: bool = False) -> None:
        self.trip_ids = frozenset(trip_ids)
        self._is_public = is_public
        self.woken = asyncio.Event()
        self._newest: dict[tuple[str, str], LiveEvent] = {}
        self._statuses: list[LiveEvent] = []
        self._told: dict[tuple[str, str], str | int] = {}
        self._lost: str | None = None
        self._had: EventId = START

    def push(self, event: LiveEvent) -> None:
        """Take what was told of one of the trips."""
        if event.kind != "status":
            self._newest[event.trip_id, event.kind] = event
        elif len(self._statuses) < MOST_STATUSES:
            self._statuses.append(event)
        else:
            self.lose("overflow")
        self.woken.set()

    def lose(self, reason: str) -> None:
        """Not all is here that should be: the follower has to begin anew."""
        self._lost = reason
        self.woken.set()

    def lost(self) -> str | None:
        """Why the follower has to begin anew, if so; what waits is forgotten then."""
        reason, self._lost = self._lost, None
        if reason is not None:
            self._newest.clear()
            self._statuses.clear()
        return reason

    def begin(self, told: Mapping[tuple[str, str], str | int]) -> None:
        """Begin anew: this has been told, by trip and kind, and nothing up to it is told again."""
        self._told = dict(told)

    def resume(self, after: EventId) -> None:
        """Go on after this event, which the follower had from another process, perhaps before this one has heard of it."""
        self._had = after

    def take(self, shown: Callable[[EventId], str]) -> bytes:
        """The frames of what waits, in order; empty for none.

        Events of one moment share an id. Only the last of them shows it: who is cut off between them gets them again, and misses
        none.
        """
        self.woken.clear()
        waiting = sorted((*self._newest.values(), *self._statuses), key=_order)
        self._newest.clear()
        self._statuses.clear()
        return self.frames(waiting, shown)

    def frames(self, events: Collection[LiveEvent], shown: Callable[[EventId], str]) -> bytes:
        """The frames of events in their order, without what was told already."""
        fresh = [event for event in events if self._is_fresh(event)]
        parts = []
        for place, event in enumerate(fresh, 1):
            is_last = place == len(fresh) or fresh[place].id != event.id
            told = event.for_anybody() if self._is_public else event
            parts.append(told.frame(shown(event.id) if event.id is not None and is_last else None))
        return b"".join(parts)

    def _is_fresh(self, event: LiveEvent) -> bool:
        if event.id is not None and event.id <= self._had:
            return False
        key = (event.trip_id, event.kind)
        before = self._told.get(key)
        # Ranks of one kind are all texts or all numbers.
        if before is not None and event.rank <= before:  # type: ignore[operator]  # the kind says which
            return False
        self._told[key] = event.rank
        return True


def _order(event: LiveEvent) -> EventId:
    # What has no id was told while Redis was away, which is before whatever it tells next.
    return event.id or START
