"""What each rule calls wrong, and of what it says that nobody can know."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from services.analytics.backups.models import Backup
from services.analytics.health.schemas import ComponentOut, HealthOut
from services.analytics.lanes import service as lanes
from services.analytics.machine.figures import Machine
from services.analytics.monitoring_alerts.looks import LOOKS
from services.analytics.monitoring_alerts.models import Look
from services.analytics.monitoring_alerts.rules import BY_NAME, RULES
from services.analytics.monitoring_alerts.seen import OpenCase, Seen
from services.analytics.owners.answers import Answer
from services.analytics.slots import service as slots
from services.analytics.sync_runs.models import Standing
from services.analytics.tests.monitoring.test_judging import NOW, ago, answers, in_broker, lane_view, schedule, worker
from services.analytics.workers.service import WorkerSurvey
from shared.runtime.http.pages import Page
from shared.runtime.operations.dead_letters.schemas import DeadLetterCount, DeadLetterCounts
from shared.runtime.operations.schedules.schemas import ScheduleList

LANE = "payments.normal"


def seen(**fields: Any) -> Seen:
    """A system in which nothing is wrong, but for these."""
    usual = Seen(
        at=NOW,
        queues=lanes.survey(answers(), in_broker(), {}, {}, NOW),
        workers=WorkerSurvey(NOW, in_broker(), {}, is_deaf=False).all([worker()], NOW),
        schedules=slots.survey({}, NOW),
        health=HealthOut(status="ok", at=NOW, components=[]),
        failures={},
        letters={},
        cases=Answer("payments", NOW, 1.0, Page(items=[], next_cursor=None)),
        machine=Machine("host", 0.2, 0.3, 0.4),
        is_deaf=False,
    )
    return dataclasses.replace(usual, **fields)


def look(rule: str, at: Seen) -> Look:
    return LOOKS[rule](at, BY_NAME[rule])


def test_where_nothing_is_wrong_no_rule_finds_anything() -> None:
    for rule in RULES:
        found = look(rule.name, seen())
        assert (list(found.found), found.knows("anything")) == ([], True), rule.name


def test_a_lane_of_which_a_part_is_unknown_neither_raises_nor_ends_unless_enough_is_known() -> None:
    said = answers(trips=lane_view(LANE, outbox_waiting=1001), alerts=None)
    found = look("backlog", seen(queues=lanes.survey(said, in_broker(), {}, {}, NOW)))

    assert [(one.subject, one.figure) for one in found.found] == [(LANE, 1001)]
    assert not found.knows("payments.critical")


def test_what_waits_in_the_broker_alone_is_backlog_too() -> None:
    waiting = in_broker()
    waiting.deliveries[LANE] = 1001

    found = look("backlog", seen(queues=lanes.survey(answers(), waiting, {}, {}, NOW)))

    assert [(one.subject, one.figure) for one in found.found] == [(LANE, 1001)]


def test_a_worker_that_another_one_has_replaced_is_no_alert() -> None:
    gone, newer = worker(seen_at=ago(60)), worker(hostname="payments@two", first_seen_at=ago(30))

    for workers, subjects in (([gone], ["payments@one"]), ([gone, newer], [])):
        survey = WorkerSurvey(NOW, in_broker(), {}, is_deaf=False).all(workers, NOW)
        assert [one.subject for one in look("worker_down", seen(workers=survey)).found] == subjects


def test_lanes_of_a_worker_that_is_down_are_in_its_alert_and_have_none_of_their_own() -> None:
    broker, gone = in_broker(), worker(lanes=[LANE, "payments.batch"], seen_at=ago(60))
    other = worker(hostname="payments@two", lanes=["payments.batch"])
    for lane in (LANE, "trips.normal"):
        broker.workers[lane] = []

    for workers, without in (([gone, other], ["trips.normal"]), ([other], [LANE, "trips.normal"])):
        survey = WorkerSurvey(NOW, broker, {}, is_deaf=False).all(workers, NOW)
        assert sorted(one.subject for one in look("lane_without_workers", seen(workers=survey)).found) == without
        said = [one.summary for one in look("worker_down", seen(workers=survey)).found]
        assert [one.endswith(f"; nobody takes from {LANE} now") for one in said] == [True] * (len(workers) - 1)


def test_a_worker_that_is_down_says_at_once_what_nobody_takes_from() -> None:
    survey = WorkerSurvey(NOW, in_broker(), {}, is_deaf=False).all([worker(seen_at=ago(11))], NOW)

    [found] = look("worker_down", seen(workers=survey)).found
    assert found.summary.endswith(f"has lost the broker; nobody takes from {LANE} now")


def test_a_slot_is_missed_when_it_is_overdue_or_was_passed_over_since_the_look_before() -> None:
    entry = schedule(last_slot=datetime(2026, 3, 2, 9, 0, tzinfo=UTC), missed=3)
    at = seen(schedules=slots.survey({"trips": Answer("trips", NOW, 1.0, ScheduleList(items=[entry]))}, NOW))
    subject = "trips/check-trip-timeouts"

    assert look("schedule_missed", at).found == []
    passed_over = dataclasses.replace(at, missed_before={subject: 1})
    assert [(one.subject, one.figure) for one in look("schedule_missed", passed_over).found] == [(subject, 2)]


def counted(others: int = 0, **letters: int) -> DeadLetterCounts:
    items = [DeadLetterCount(subject=f"trips.{name}", letters=count) for name, count in letters.items()]
    return DeadLetterCounts(open=sum(letters.values()) + others, items=items, others=others)


def test_dead_letters_are_counted_by_task_and_a_service_that_is_away_ends_none_of_its_own() -> None:
    letters = {
        "trips": Answer("trips", NOW, 1.0, counted(start_trip=7)),
        "alerts": Answer("alerts", NOW, 1.0, None, "is away"),
    }

    found = look("dead_letters", seen(letters=letters))

    assert [(one.subject, one.figure) for one in found.found] == [("trips/trips.start_trip", 7)]
    assert (found.knows("trips/other"), found.knows("alerts/alerts.evaluate")) == (True, False)


def test_dead_letters_beyond_those_that_are_named_are_an_alert_of_their_own_and_end_none() -> None:
    found = look("dead_letters", seen(letters={"trips": Answer("trips", NOW, 1.0, counted(others=3, start_trip=7))}))

    assert [(one.subject, one.figure) for one in found.found] == [("trips/trips.start_trip", 7), ("trips/others", 3)]
    assert not found.knows("trips/trips.end_trip")


def test_cases_beyond_a_page_neither_raise_nor_end() -> None:
    cases = Answer("payments", NOW, 1.0, Page(items=[OpenCase(kind="amount_differs")], next_cursor="more"))

    broken = look("reconciliation_breaks", seen(cases=cases))

    assert [one.subject for one in broken.found] == ["payments/amount_differs"]
    assert not broken.knows("payments/missing_here")


def test_a_source_outside_that_is_not_read_any_more_is_not_failing() -> None:
    asked = {"given_up": NOW - timedelta(days=2, seconds=1), "forgotten": None, "daily": NOW - timedelta(days=1)}
    sources = [Standing(name, 3, None, "carrier answers 503", at) for name, at in asked.items()]

    assert [one.subject for one in look("sync_failing", seen(sources=sources)).found] == ["daily"]


def test_a_source_outside_is_failing_after_three_runs() -> None:
    said = "carrier answers 503"
    sources = [Standing("carrier", 3, None, said, NOW), Standing("customs", 2, NOW, said, NOW)]

    found = look("sync_failing", seen(sources=sources)).found

    assert [(one.subject, one.summary) for one in found] == [
        ("carrier", "carrier could not be read 3 times: carrier answers 503")
    ]


def test_a_backup_is_old_after_eight_hours_and_none_is_missed_where_none_was_asked_for() -> None:
    ages_h = (None, 8, 8.5)
    found = [look("backup_old", seen(unsaved_since=ago(hours * 3600) if hours else None)).found for hours in ages_h]

    assert [[one.summary for one in each] for each in found] == [
        [],
        [],
        ["what has changed for 8.5 hours is in no verified backup"],
    ]


def disk(mount: str, holds: str, used_share: float) -> dict[str, Any]:
    return {"mount": mount, "holds": holds, "used_share": used_share, "free_bytes": 3_000_000}


def test_a_disk_that_fills_up_is_named_wherever_it_is_and_one_alert_whoever_tells_of_it() -> None:
    backups, archives = disk("/var/backups", "BACKUP_DIR", 0.97), disk("/srv", "ARCHIVE_DIR", 0.5)
    told = [
        worker(hostname="analytics-backup@two", disks=[backups, archives]),
        worker(hostname="analytics-low@two", disks=[backups]),
        worker(hostname="trips-low@host", disks=[disk("/", "ARCHIVE_DIR", 0.86)]),
    ]

    found = look("disk", seen(workers=WorkerSurvey(NOW, in_broker(), {}, is_deaf=False).all(told, NOW)))

    assert {(one.subject, one.figure): one.summary for one in found.found} == {
        ("two:/var/backups", 0.97): "the disk of BACKUP_DIR (/var/backups of two) is used to 97%, and 3 MB of it are left",
        ("host", 0.86): "the disk of ARCHIVE_DIR (/ of host) is used to 86%, and 3 MB of it are left",
    }
    assert found.knows("two:/srv")


def test_of_the_disks_of_a_worker_that_is_not_heard_nobody_knows_but_by_another_one() -> None:
    full = [disk("/var/backups", "BACKUP_DIR", 0.97)]
    gone, other = worker(hostname="a@two", disks=full, seen_at=ago(60)), worker(hostname="b@two", disks=full)
    stopped = worker(hostname="a@two", disks=full, seen_at=ago(60), stopped_at=ago(60))

    seen_by = []
    for workers, is_deaf in (([gone], False), ([gone, other], False), ([stopped], False), ([other], True)):
        survey = WorkerSurvey(NOW, in_broker(), {}, is_deaf=is_deaf).all(workers, NOW)
        found = look("disk", seen(workers=survey, is_deaf=is_deaf))
        seen_by.append((len(found.found), found.knows("two:/var/backups")))

    assert seen_by == [(0, False), (1, True), (0, True), (0, False)]


def test_a_backup_that_came_to_nothing_is_wrong_until_another_one_is_verified() -> None:
    tried = [Backup(state=state, error="no room") for state in ("failed", "running", "verified", "removed")]

    found = [look("backup_failed", seen(last_backup=one)) for one in (None, *tried)]

    assert [([one.summary for one in each.found], each.knows("backups")) for each in found] == [
        ([], True),
        (["the last backup came to nothing: no room"], True),
        ([], False),
        ([], True),
        ([], True),
    ]


def test_providers_parts_and_machines_have_rules_of_their_own() -> None:
    provider = ComponentOut(
        component="provider:payments/razorpay", kind="provider", status="down", problem="left alone", took_ms=1
    )
    broker = ComponentOut(component="broker", kind="broker", status="impaired", problem="it is full", took_ms=1)
    at = seen(
        health=HealthOut(status="degraded", at=NOW, components=[provider, broker]), machine=Machine("host", 0.95, 0.5, 0.86)
    )

    found = {rule.name: [one.subject for one in look(rule.name, at).found] for rule in RULES if look(rule.name, at).found}
    assert found == {
        "provider_down": ["payments/razorpay"],
        "component_down": ["broker"],
        "cpu": ["host"],
        "disk": ["host"],
    }
    assert timedelta(seconds=BY_NAME["cpu"].for_s) == timedelta(minutes=5)
