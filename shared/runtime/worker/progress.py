"""Whether a worker still gets anywhere: what its watchdog looks at."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Deliveries under way in the pool, and when the last one began or ended (monotonic seconds)."""

    running: set[str] = field(default_factory=set)
    moved_at: float = field(default_factory=time.monotonic)

    def begin(self, delivery_id: str) -> None:
        self.running.add(delivery_id)
        self.moved_at = time.monotonic()

    def end(self, delivery_id: str) -> None:
        self.running.discard(delivery_id)
        self.moved_at = time.monotonic()

    def stalled_s(self) -> float:
        """Seconds since anything moved while nothing runs; 0 while something does, for a hard limit watches that."""
        return 0.0 if self.running else time.monotonic() - self.moved_at


PROGRESS = Progress()
