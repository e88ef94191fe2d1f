"""Whether a worker still gets anywhere: what its watchdog looks at."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Running:
    """A delivery that the pool has in hand. began_at: monotonic seconds."""

    name: str
    lane: str
    began_at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Progress:
    """Deliveries under way in the pool by their ids, and when the last one began or ended (monotonic seconds).

    taken: those that no child has begun yet. A child that hangs begins none, and nothing else shows it.
    """

    running: dict[str, Running] = field(default_factory=dict)
    taken: dict[str, Running] = field(default_factory=dict)
    moved_at: float = field(default_factory=time.monotonic)

    def take(self, delivery_id: str, name: str, lane: str) -> None:
        self.taken[delivery_id] = Running(name, lane)

    def begin(self, delivery_id: str, name: str, lane: str) -> None:
        self.taken.pop(delivery_id, None)
        self.running[delivery_id] = Running(name, lane)
        self.moved_at = time.monotonic()

    def end(self, delivery_id: str) -> None:
        self.running.pop(delivery_id, None)
        self.taken.pop(delivery_id, None)
        self.moved_at = time.monotonic()

    def in_hand(self) -> list[tuple[str, str, str, float]]:
        """Every delivery that was taken and has not ended: its id, name, lane, and for how many seconds it is where it is."""
        now = time.monotonic()
        held = {**self.taken, **self.running}
        return [(key, one.name, one.lane, round(now - one.began_at, 1)) for key, one in held.items()]

    def clear(self) -> None:
        """Forget all: the consumer begins anew, and so does its record of what it has."""
        self.running.clear()
        self.taken.clear()
        self.moved_at = time.monotonic()

    def stalled_s(self) -> float:
        """Seconds since anything moved while nothing runs; 0 while something does, for a hard limit watches that."""
        return 0.0 if self.running else time.monotonic() - self.moved_at


PROGRESS = Progress()
