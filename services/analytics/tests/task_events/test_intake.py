"""What events tell, and what is done with those that are not as they should be."""

from datetime import timedelta
from typing import Any

import pytest

from services.analytics.task_events.intake import Intake
from services.analytics.task_events.models import Stats
from services.analytics.task_events.wire import Unreadable, events_of
from services.analytics.task_runs.histograms import bucket_of
from services.analytics.tests.task_events.events import HOST, batch, heartbeat, presence, published
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock


def test_a_delivery_is_one_row_for_each_of_its_messages(clock: FrozenClock) -> None:
    intake, ids, at = Intake(clock), [uuid7(), uuid7(), uuid7()], clock() - timedelta(seconds=3)

    intake.take(events_of(published(batch(at, "done", "retry", "failed", ids=ids))))

    taken = intake.empty()
    rows = [(run[0], run[1], run[6], run[7], run[8], run[9], run[10], run[11], run[12]) for run in taken.runs]
    assert rows == [
        (at, ids[0], "done", 1, "order-7", None, 0.25, 0.5, 3),
        (at, ids[1], "retry", 1, "order-7", None, 0.25, 0.5, 3),
        (at, ids[2], "failed", 1, "order-7", "Permanent", 0.25, 0.5, 3),
    ]
    minute = at.replace(second=0, microsecond=0)
    assert taken.stats == {
        (minute, "payments.generate_invoice", "payments.normal"): Stats(
            {"done": 1, "retry": 1, "failed": 1}, 1, {bucket_of(0.25): 3}, {bucket_of(0.5): 1}
        )
    }
    assert intake.harvest.is_empty


@pytest.mark.parametrize(
    ("kind", "state"),
    [("task-rejected", "lost"), ("task-failed", "lost"), ("task-revoked", "revoked"), ("task-cancelled", "lost")],
)
def test_a_delivery_that_ends_as_a_whole_is_one_row_under_its_own_id(clock: FrozenClock, kind: str, state: str) -> None:
    intake, delivery = Intake(clock), uuid7()
    event = {"type": kind, "hostname": HOST, "timestamp": clock().timestamp(), "uuid": str(delivery)}

    intake.take([event | {"name": "payments.generate_invoice", "lane": "payments.normal"}])

    [run] = intake.empty().runs
    assert (run[1], run[2], run[6], run[7], run[9]) == (delivery, delivery, state, None, kind)


def test_a_worker_is_known_by_what_it_says(clock: FrozenClock) -> None:
    intake, began = Intake(clock), clock()
    running = [["d1", "payments.generate_invoice", "payments.normal", 4.0]]

    intake.take([heartbeat(began), presence(began)])
    clock.advance(timedelta(seconds=20))
    intake.take([presence(clock(), running=running, waiting=3), heartbeat(clock())])

    worker = intake.workers[HOST]
    assert (worker.pid, worker.processed, worker.slots, worker.running, worker.rss_bytes) == (4711, 10, 2, running, 200_000_000)
    # It is heard, and since its first word nothing has begun or ended.
    assert (worker.seen_at, worker.progressed_at) == (clock(), began)

    intake.take([batch(clock(), "done"), {"type": "worker-offline", "hostname": HOST, "timestamp": clock().timestamp()}])
    assert (worker.progressed_at, worker.stopped_at, worker.running) == (clock(), clock(), [])
    assert intake.forget(clock() + timedelta(seconds=1)) == [HOST]


def test_a_worker_tells_of_its_disks_and_one_of_before_does_not(clock: FrozenClock) -> None:
    intake = Intake(clock)
    told = {"mount": "/var/backups", "holds": "BACKUP_DIR", "used_share": 0.97, "free_bytes": 3_000_000}

    intake.take([presence(clock(), disks=[told] * 30), presence(clock(), hostname="trips@one")])
    intake.take([presence(clock(), hostname="alerts@one", disks=[{"mount": 7}])])

    assert intake.workers[HOST].disks == [told] * 20
    assert intake.workers["trips@one"].disks == []


def test_rows_beyond_the_bound_are_counted_and_dropped(clock: FrozenClock) -> None:
    intake = Intake(clock, most_runs=3)

    intake.take([batch(clock(), "done", "done"), batch(clock(), "done", "done")])
    taken = intake.empty()
    assert (len(taken.runs), taken.dropped) == (3, 1)

    intake.take([batch(clock(), "done", "done")])
    intake.put_back(taken)
    assert (len(intake.harvest.runs), intake.harvest.dropped) == (3, 3)
    # What is counted takes no room, so nothing of it is lost.
    [stats] = intake.harvest.stats.values()
    assert (stats.states, stats.deliveries) == ({"done": 6}, 3)


def test_a_clock_that_is_far_off_does_not_decide_where_a_row_goes(clock: FrozenClock) -> None:
    intake = Intake(clock)

    for off in (timedelta(days=400), timedelta(minutes=5), -timedelta(days=3)):
        intake.take([batch(clock() + off, "done")])

    assert {run[0] for run in intake.empty().runs} == {clock()}


BROKEN: list[dict[str, Any]] = [
    {"type": "waybill-batch"},
    {"type": "waybill-batch", "hostname": None},
    {"type": "waybill-batch", "hostname": HOST, "timestamp": "now"},
    {"type": "worker-heartbeat", "hostname": HOST, "timestamp": 1e300, "pid": 1},
    {"type": "waybill-worker", "hostname": HOST, "timestamp": 1.0, "lanes": 7},
]


@pytest.mark.parametrize("event", BROKEN)
def test_an_event_that_is_not_as_it_should_be_ends_nothing(clock: FrozenClock, event: dict[str, Any]) -> None:
    intake = Intake(clock)

    intake.take([event, batch(clock(), "done", messages=[["x", "done"]]), batch(clock(), "done")])

    assert [run[6] for run in intake.empty().runs] == ["done"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"body":"e30=","properties":{}}', b'{"body":"!","properties":{"body_encoding":"base64"}}']
)
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        events_of(data)
