"""Takes events apart, and keeps what they tell until it is written, within bounds: what does not fit is counted and dropped."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.analytics.task_events import metrics
from services.analytics.task_events.models import Run, State, Stats, StatsKey, Worker
from services.analytics.task_events.wire import Event
from services.analytics.task_runs.histograms import bucket_of
from shared.runtime.clock import Clock
from shared.runtime.ids import message_uuid

MOST_RUNS: Final = 50_000
"""About ten seconds of a busy system, and about 30 MB."""
MOST_NAMES: Final = 5_000
MOST_WORKERS: Final = 2_000
MOST_DISKS: Final = 20
CLOCK_SKEW: Final = timedelta(minutes=1)
OLDEST: Final = timedelta(hours=12)
MAX_TEXT: Final = 200

_ENDS: Final[dict[str, State]] = {
    "task-failed": "lost",
    "task-rejected": "lost",
    "task-retried": "lost",
    "task-cancelled": "lost",
    "task-revoked": "revoked",
}
"""Ends of a delivery as a whole. What became of each message is told by the runtime's event; `task-succeeded` adds nothing."""

_OUTCOMES: Final[dict[str, State]] = {"done": "done", "dropped": "dropped", "retry": "retry", "failed": "failed"}


@dataclass(slots=True)
class Harvest:
    """What was told since the last write. dropped: rows for which there was no room."""

    runs: list[Run] = field(default_factory=list)
    stats: dict[StatsKey, Stats] = field(default_factory=dict)
    changed: dict[str, Worker] = field(default_factory=dict)
    dropped: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.runs or self.stats or self.changed or self.dropped)


class Intake:
    """What the collector's reader fills and its writer empties. workers: all that are known, and not forgotten."""

    def __init__(self, clock: Clock, most_runs: int = MOST_RUNS) -> None:
        self._clock = clock
        self._most_runs = most_runs
        self.harvest = Harvest()
        self.workers: dict[str, Worker] = {}
        self._kinds: dict[str, Callable[[Event, str, datetime], None]] = {
            "waybill-batch": self._batch,
            "waybill-worker": self._presence,
            "worker-online": self._online,
            "worker-heartbeat": self._heartbeat,
            "worker-offline": self._offline,
            "task-started": self._started,
            **dict.fromkeys(_ENDS, self._ended),
        }

    def take(self, events: Iterable[Event]) -> None:
        """Keep what events tell. One that is not as it should be is counted, and ends nothing."""
        for event in events:
            kind = event["type"]
            try:
                hostname = _text(event["hostname"])
                metrics.heard(hostname, kind, event)
                take = self._kinds.get(kind)
                if take is not None:
                    take(event, hostname, self._moment(event))
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                metrics.UNREADABLE.inc()

    def empty(self) -> Harvest:
        """What there is, which the caller now writes."""
        taken, self.harvest = self.harvest, Harvest()
        return taken

    def put_back(self, taken: Harvest) -> None:
        """What could not be written waits for the next time; the newest rows go where there is no room for all."""
        newer = self.harvest
        room = self._most_runs - len(taken.runs)
        self.harvest = Harvest(
            [*taken.runs, *newer.runs[:room]], taken.stats, taken.changed | newer.changed, taken.dropped + newer.dropped
        )
        self._lose(len(newer.runs) - room)
        for key, stats in newer.stats.items():
            self._stats(*key).add(stats)

    def forget(self, before: datetime) -> list[str]:
        """Workers that were not heard since then are no longer kept here. Returns their names."""
        gone = [name for name, worker in self.workers.items() if worker.seen_at < before]
        for name in gone:
            del self.workers[name]
        return gone

    def _batch(self, event: Event, hostname: str, at: datetime) -> None:
        """The runtime's own: one delivery, and each of its messages."""
        self._progressed(hostname)
        name, lane, delivery = _text(event["name"]), _text(event["lane"]), message_uuid(str(event["uuid"]))
        ran_s, messages = float(event["ran_s"]), event["messages"]
        stats = self._stats(at.replace(second=0, microsecond=0), name, lane)
        stats.deliveries += 1
        _count(stats.ran, bucket_of(ran_s))
        for key, outcome, attempt, correlation_id, waited_s, error_class in messages:
            state = _OUTCOMES[outcome]
            _count(stats.states, state)
            _count(stats.waited, bucket_of(waited_s))
            self._keep(
                (
                    at,
                    message_uuid(key),
                    delivery,
                    name,
                    lane,
                    hostname,
                    state,
                    int(attempt),
                    _text(correlation_id),
                    _optional(error_class),
                    float(waited_s),
                    ran_s,
                    len(messages),
                )
            )

    def _ended(self, event: Event, hostname: str, at: datetime) -> None:
        """A delivery that was given back, lost or revoked whole; nobody told what was in it."""
        self._progressed(hostname)
        state, name, delivery = _ENDS[event["type"]], _text(event["name"]), message_uuid(str(event["uuid"]))
        lane = _text(event["lane"])
        _count(self._stats(at.replace(second=0, microsecond=0), name, lane).states, state)
        error = _optional(event.get("exception")) or event["type"]
        self._keep((at, delivery, delivery, name, lane, hostname, state, None, None, error, None, None, 1))

    def _started(self, _: Event, hostname: str, __: datetime) -> None:
        self._progressed(hostname)

    def _presence(self, event: Event, hostname: str, _: datetime) -> None:
        """What a worker says of itself every two seconds."""
        worker = self._seen(hostname)
        worker.service, worker.slots = _text(event["service"]), int(event["slots"])
        worker.lanes = [_text(lane) for lane in event["lanes"]]
        worker.running = [[_text(key), _text(name), _text(lane), float(age)] for key, name, lane, age in event["running"][:1000]]
        worker.rss_bytes = int(event["rss_bytes"])
        worker.disks = [_disk(one) for one in event.get("disks", ())[:MOST_DISKS]]
        if not event["waiting"] and not worker.running:
            worker.progressed_at = worker.seen_at

    def _heartbeat(self, event: Event, hostname: str, _: datetime) -> None:
        worker = self._seen(hostname)
        worker.pid = int(event["pid"])
        if (processed := int(event.get("processed") or 0)) != worker.processed:
            worker.processed, worker.progressed_at = processed, worker.seen_at
        load: list[float] | None = event.get("loadavg")
        worker.load_1m = float(load[0]) if load else None

    def _online(self, event: Event, hostname: str, _: datetime) -> None:
        """A worker starts, maybe under the name of one that was."""
        self.workers.pop(hostname, None)
        self._heartbeat(event, hostname, _)

    def _offline(self, _: Event, hostname: str, __: datetime) -> None:
        worker = self._seen(hostname)
        worker.stopped_at, worker.running = worker.seen_at, []

    def _progressed(self, hostname: str) -> None:
        worker = self._seen(hostname)
        worker.progressed_at = worker.seen_at

    def _seen(self, hostname: str) -> Worker:
        now, worker = self._clock(), self.workers.get(hostname)
        if worker is None:
            if len(self.workers) >= MOST_WORKERS:
                raise ValueError("more workers than anybody has")
            worker = self.workers[hostname] = Worker(hostname, now, now, now)
        worker.seen_at, worker.stopped_at = now, None
        self.harvest.changed[hostname] = worker
        return worker

    def _moment(self, event: Event) -> datetime:
        """When it happened by the worker's clock, unless that is far off."""
        now, said = self._clock(), datetime.fromtimestamp(float(event["timestamp"]), UTC)
        return said if now - OLDEST <= said <= now + CLOCK_SKEW else now

    def _keep(self, run: Run) -> None:
        if len(self.harvest.runs) < self._most_runs:
            self.harvest.runs.append(run)
        else:
            self._lose(1)

    def _lose(self, count: int) -> None:
        if count > 0:
            self.harvest.dropped += count
            metrics.DROPPED.labels("overflow").inc(count)

    def _stats(self, minute: datetime, name: str, lane: str) -> Stats:
        if (minute, name, lane) not in self.harvest.stats and len(self.harvest.stats) >= MOST_NAMES:
            raise ValueError("more tasks than anybody has")
        return self.harvest.stats.setdefault((minute, name, lane), Stats())


def stats_by_hour(stats: Mapping[StatsKey, Stats]) -> dict[StatsKey, Stats]:
    """The same counts, by the hour."""
    found: dict[StatsKey, Stats] = {}
    for (minute, name, lane), counted in stats.items():
        found.setdefault((minute.replace(minute=0), name, lane), Stats()).add(counted)
    return found


def _count(counts: dict[Any, int], key: Any) -> None:
    counts[key] = counts.get(key, 0) + 1


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value.replace("\x00", "")[:MAX_TEXT]


def _disk(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mount": _text(told["mount"]),
        "holds": _text(told["holds"]),
        "used_share": float(told["used_share"]),
        "free_bytes": int(told["free_bytes"]),
    }


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
