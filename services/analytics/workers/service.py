"""How workers stand. A heartbeat shows that a process lives, and not that it gets anywhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.analytics.lanes.broker import InBroker
from services.analytics.workers.models import KnownWorker
from services.analytics.workers.schemas import DiskOut, RunningOut, WorkerOut, WorkersOut, WorkerState
from shared.contracts.lanes import LANES

SILENT_S: Final = 10.0
"""A worker says something every two seconds: after five times that it is down."""
STUCK_S: Final = 30.0
"""For so long work may wait for a worker that does nothing. The worker's own watchdog ends it after 60."""
PATIENCE: Final = 2.0
"""A delivery may take so many times as long as 99 of 100 do, before it hangs rather than runs."""


class WorkerSurvey:
    """Judges all workers at one moment. p99_s: of each task's deliveries. is_deaf: nobody hears the workers at the moment."""

    def __init__(self, at: datetime, in_broker: InBroker | None, p99_s: Mapping[str, float], *, is_deaf: bool) -> None:
        self._at = at
        self._in_broker = in_broker
        self._p99_s = p99_s
        self._is_deaf = is_deaf

    def all(self, workers: Sequence[KnownWorker], heard_until: datetime | None) -> WorkersOut:
        """Every worker, those with a problem first."""
        items = sorted((self._judged(one) for one in workers), key=lambda one: (one.why is None, one.service or "", one.hostname))
        without = [lane for lane, names in self._in_broker.workers.items() if not names] if self._in_broker else None
        return WorkersOut(at=self._at, heard_until=heard_until, without_workers=without, items=items)

    def _judged(self, one: KnownWorker) -> WorkerOut:
        age_s = (self._at - one.seen_at).total_seconds()
        running = [
            RunningOut(delivery_id=key, name=name, lane=lane, for_s=round(s + max(0, age_s), 1))
            for key, name, lane, s in one.running
        ]
        state, why = self._state(one, age_s, running)
        is_heard = state in ("up", "busy", "stuck")
        return WorkerOut(
            hostname=one.hostname,
            service=one.service,
            state=state,
            why=why,
            lanes=one.lanes,
            slots=one.slots,
            running=running if is_heard else [],
            load=round(len(running) / one.slots, 2) if is_heard and one.slots else None,
            processed=one.processed,
            load_1m=one.load_1m,
            rss_bytes=one.rss_bytes if is_heard else None,
            disks=[DiskOut.model_validate(each) for each in one.disks],
            pid=one.pid,
            first_seen_at=one.first_seen_at,
            seen_at=one.seen_at,
            progressed_at=one.progressed_at,
        )

    def _state(self, one: KnownWorker, age_s: float, running: Sequence[RunningOut]) -> tuple[WorkerState, str | None]:
        if one.stopped_at is not None:
            return "stopped", None
        if age_s > SILENT_S and not self._is_deaf:
            return "down", f"it was last heard {age_s:.0f} s ago: it has ended, stands still, or has lost the broker"
        if hanging := next((each for each in running if each.for_s > self._limit_s(each)), None):
            return (
                "stuck",
                f"it has {hanging.name} in hand for {hanging.for_s:.0f} s, where {self._limit_s(hanging):.0f} s are much",
            )
        idle_s = (self._at - one.progressed_at).total_seconds()
        if not running and idle_s > STUCK_S and (waiting := self._waiting(one)):
            return "stuck", f"it has done nothing for {idle_s:.0f} s, while {waiting} deliveries wait for it"
        return ("busy" if running else "up"), None

    def _limit_s(self, delivery: RunningOut) -> float:
        """How long a delivery may take before it hangs; as long as the lane allows where nobody knows what is usual."""
        hard_s = float(LANES[delivery.lane].hard_limit_s) if delivery.lane in LANES else 60.0
        usual_s = self._p99_s.get(delivery.name)
        return hard_s if usual_s is None else min(hard_s, max(STUCK_S, PATIENCE * usual_s))

    def _waiting(self, one: KnownWorker) -> int:
        return sum(self._in_broker.deliveries.get(lane, 0) for lane in one.lanes) if self._in_broker else 0


def is_deaf(heard_until: datetime | None, at: datetime) -> bool:
    """Whether nobody hears the workers, so that their silence says nothing."""
    return heard_until is None or at - heard_until > timedelta(seconds=SILENT_S)
