"""How workers, schedules and lanes are judged, from what was heard and what owners say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.analytics.lanes import service as lanes
from services.analytics.lanes.broker import InBroker
from services.analytics.owners.answers import Answer
from services.analytics.slots import service as slots
from services.analytics.workers.models import KnownWorker
from services.analytics.workers.service import WorkerSurvey
from shared.contracts.lanes import LANES, SERVICES
from shared.runtime.operations.lanes.schemas import LaneList, LaneView
from shared.runtime.operations.schedules.schemas import ScheduleList, ScheduleView

NOW = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
NAME, LANE = "payments.generate_invoice", "payments.normal"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def worker(**fields: Any) -> KnownWorker:
    usual: dict[str, Any] = {
        "hostname": "payments@one",
        "service": "payments",
        "lanes": [LANE],
        "slots": 2,
        "pid": 1,
        "running": [],
        "processed": 7,
        "load_1m": 0.5,
        "rss_bytes": 1,
        "disks": [],
        "first_seen_at": ago(900),
        "seen_at": ago(1),
        "progressed_at": ago(1),
        "stopped_at": None,
    }
    return KnownWorker(**usual | fields)


def in_broker(waiting: int = 0) -> InBroker:
    return InBroker(dict.fromkeys(LANES, waiting), dict.fromkeys(LANES, 2), {lane: ["payments@one"] for lane in LANES})


@pytest.mark.parametrize(
    ("fields", "waiting", "p99_s", "state"),
    [
        ({}, 0, None, "up"),
        ({"running": [["d", NAME, LANE, 20.0]]}, 5, None, "busy"),
        ({"seen_at": ago(11)}, 0, None, "down"),
        ({"seen_at": ago(300), "stopped_at": ago(300)}, 0, None, "stopped"),
        # Nothing waits: a worker without work gets nowhere, and there is nothing wrong with it.
        ({"progressed_at": ago(300)}, 0, None, "up"),
        ({"progressed_at": ago(29)}, 5, None, "up"),
        ({"progressed_at": ago(31)}, 5, None, "stuck"),
        # A delivery hangs beyond the lane's hard limit, or beyond twice what 99 of 100 take.
        ({"running": [["d", NAME, LANE, 58.0]], "progressed_at": ago(59)}, 5, None, "busy"),
        ({"running": [["d", NAME, LANE, 60.5]], "progressed_at": ago(61)}, 0, None, "stuck"),
        ({"running": [["d", NAME, LANE, 35.0]]}, 0, 0.2, "stuck"),
        ({"running": [["d", NAME, LANE, 35.0]]}, 0, 20.0, "busy"),
        ({"running": [["d", NAME, "payments.batch", 900.0]]}, 0, None, "busy"),
    ],
)
def test_a_worker_is_judged_by_what_it_gets_done(fields: dict[str, Any], waiting: int, p99_s: float | None, state: str) -> None:
    survey = WorkerSurvey(NOW, in_broker(waiting), {} if p99_s is None else {NAME: p99_s}, is_deaf=False)

    [judged] = survey.all([worker(**fields)], NOW).items

    assert judged.state == state
    assert (judged.why is None) is (state in ("up", "busy", "stopped"))


def test_silence_says_nothing_while_nobody_hears() -> None:
    survey = WorkerSurvey(NOW, None, {}, is_deaf=True)

    found = survey.all([worker(seen_at=ago(300))], ago(300))

    assert (found.items[0].state, found.without_workers) == ("up", None)


def lane_view(lane: str, **fields: Any) -> LaneView:
    usual: dict[str, Any] = dict.fromkeys(LaneView.model_fields, 0)
    usual |= {"lane": lane, "owner": LANES[lane].owner, "paused": None, "limit": None, "pool": None, "outbox_oldest_s": None}
    return LaneView(**usual | fields)


def answers(**views: LaneView | None) -> dict[str, Answer[LaneList]]:
    found = {service: views.get(service, lane_view(LANE)) for service in SERVICES}
    return {
        service: Answer(service, NOW, 1.0, LaneList(items=[view]), None) if view else Answer(service, NOW, 1.0, None, "is away")
        for service, view in found.items()
    }


def test_a_lanes_backlog_is_the_sum_of_all_that_hold_messages_for_it() -> None:
    said = answers(
        trips=lane_view(LANE, outbox_waiting=40, outbox_later=3, outbox_unconfirmed=2, outbox_oldest_s=12.5),
        alerts=lane_view(LANE, outbox_waiting=2, outbox_oldest_s=80.0),
        payments=lane_view(LANE, inbox_due=8, inbox_waiting=5, inbox_leased=1),
    )

    found = lanes.survey(said, in_broker(waiting=2), {LANE: 1}, {LANE: 3000}, NOW)

    [queue] = [one for one in found.items if one.lane == LANE]
    assert (queue.waiting, queue.in_broker, queue.unacknowledged, queue.unconfirmed, queue.delayed) == (50, 2, 1, 2, 8)
    assert (queue.oldest_s, queue.per_s, queue.drain_s, queue.is_complete) == (80.0, 10.0, 5.2, True)


def test_what_a_plain_celery_client_left_in_the_broker_has_to_be_worked_off_too() -> None:
    found = lanes.survey(answers(), in_broker(waiting=5000), {}, {LANE: 3000}, NOW)

    [queue] = [one for one in found.items if one.lane == LANE]
    assert (queue.waiting, queue.unconfirmed, queue.in_broker, queue.drain_s) == (0, 0, 5000, 500.0)


def test_what_a_service_that_is_away_holds_is_unknown_and_not_zero() -> None:
    last = LaneList(items=[lane_view(LANE, outbox_waiting=9, inbox_due=4)])
    said = answers(trips=lane_view(LANE, outbox_waiting=40), alerts=None)
    said["payments"] = Answer("payments", NOW, 2000.0, None, "does not answer within 2 s", last, ago(30))

    found = lanes.survey(said, None, {}, {}, NOW)

    [queue] = [one for one in found.items if one.lane == LANE]
    assert (queue.waiting, queue.in_broker, queue.is_complete, found.is_complete) == (None, None, False, False)
    assert [(one.service, one.problem, one.last_waiting, one.last_at) for one in queue.unknown] == [
        ("alerts", "is away", None, None),
        ("payments", "does not answer within 2 s", 13, ago(30)),
    ]


def schedule(**fields: Any) -> ScheduleView:
    usual: dict[str, Any] = {
        "name": "check-trip-timeouts",
        "message": "trips.check_trip_timeouts",
        "crontab": "*/5 * * * *",
        "code_crontab": "*/5 * * * *",
        "timezone": "UTC",
        "catch_up": "last",
        "paused": False,
        "last_slot": datetime(2026, 3, 2, 8, 55, tzinfo=UTC),
        "last_fired_at": None,
        "next_slot": None,
        "missed": 0,
        "updated_at": None,
        "updated_by": None,
    }
    return ScheduleView(**usual | fields)


@pytest.mark.parametrize(
    ("fields", "seconds_later", "late"),
    [
        ({}, 0, (None, 0)),
        ({}, 15, (35.0, 1)),
        ({}, 900, (920.0, 3)),
        ({"paused": True}, 900, (None, 0)),
        ({"last_slot": None}, 900, (None, 0)),
    ],
)
def test_a_slot_that_has_come_and_not_fired_is_late(
    fields: dict[str, Any], seconds_later: int, late: tuple[float | None, int]
) -> None:
    at = NOW + timedelta(seconds=seconds_later)
    said = {"trips": Answer("trips", at, 1.0, ScheduleList(items=[schedule(**fields)]))}

    found = slots.survey(said, at)

    assert (found.items[0].late_s, found.items[0].late_slots) == late


def test_of_a_service_that_is_away_the_last_entries_are_shown_without_a_judgement() -> None:
    last = ScheduleList(items=[schedule(missed=2)])
    said = {
        "trips": Answer("trips", NOW, 1.0, None, "is away", last, ago(600)),
        "alerts": Answer("alerts", NOW, 1.0, None, "is away"),
    }

    found = slots.survey(said, NOW + timedelta(hours=1))

    assert [(one.service, one.late_slots, one.missed) for one in found.items] == [("trips", 0, 2)]
    assert [(one.service, one.last_at) for one in found.unknown] == [("trips", ago(600)), ("alerts", None)]
    assert (found.late, found.missed) == (0, 2)
