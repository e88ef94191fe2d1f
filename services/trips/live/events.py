"""What those who follow trips are told, and in which order: the ids are those of one Redis stream, the same in all processes."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import orjson

from shared.runtime.http.event_frames import event_frame

Kind = Literal["position", "status", "eta"]
EventId = tuple[int, int]
"""Milliseconds and a number within them, as Redis counts."""
START: Final[EventId] = (0, 0)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event of a trip, encoded once for all who follow it.

    id: None for what is no stream's, such as while the broker is away; it moves nobody's last id. rank: by which a trip's events
    of one kind are ordered, the moment of a position or the version of a status: what is not beyond the one before is told to
    nobody.
    """

    id: EventId | None
    trip_id: str
    kind: Kind
    rank: str | int
    data: bytes

    def frame(self, shown_id: str | None) -> bytes:
        """The event as it is sent."""
        return event_frame(self.kind, self.data, shown_id)

    def for_anybody(self) -> "LiveEvent":
        """The event without what people wrote."""
        if self.kind != "status":
            return self
        facts = {name: value for name, value in orjson.loads(self.data).items() if name not in ("reason", "message")}
        return replace(self, data=orjson.dumps(facts))


def decoded(event_id: EventId | None, told: Any) -> LiveEvent:
    """An event from what a stream holds: `[trip, kind, rank, data]`."""
    trip_id, kind, rank, data = told
    return LiveEvent(event_id, trip_id, kind, rank, orjson.dumps(data))


def parse_id(text: str) -> EventId:
    """The id of Redis' `1772442000000-0`. Raises ValueError."""
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number)


def redis_id(event_id: EventId) -> str:
    """As Redis writes it."""
    return f"{event_id[0]}-{event_id[1]}"
