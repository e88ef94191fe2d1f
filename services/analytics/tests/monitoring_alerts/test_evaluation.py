"""Evaluating: one alert for one thing, told once when it fires and once when it is over."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.analytics.monitoring_alerts.evaluation import next_look
from services.analytics.monitoring_alerts.models import Found, Look, Rule
from services.analytics.monitoring_alerts.raising import Raising
from services.analytics.monitoring_alerts.repository import MonitoringAlertRepository
from services.analytics.monitoring_alerts.telling import Telling
from services.analytics.task_events.repository import CollectorRepository
from services.analytics.tests.monitoring_alerts.conftest import TOLD
from services.analytics.tests.task_runs.arrange import mail, write
from shared.contracts.analytics import CleanupDeadTasks, EvaluateMonitoringAlerts
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, outbox_of, published

NAME = "payments.charge_subscription"


async def fail(session: Session, clock: FrozenClock) -> None:
    failed = mail(clock(), "failed", "done", name=NAME, lane="payments.critical")
    await write(session, clock, failed, mail(clock(), "failed"))


async def alerts(session: Session, rule: str) -> list[tuple[Any, ...]]:
    query = text("SELECT subject, state, figure FROM monitoring_alerts WHERE rule = :rule ORDER BY id")
    return [tuple(row) for row in await session.execute(query, {"rule": rule})]


async def mails(session: Session, about: str) -> list[SendEmail]:
    return [one for one in await published(session, SendEmail) if about in one.subject or f"about {about}" in one.body]


async def test_a_failure_that_is_evaluated_twice_is_one_alert_and_one_mail_and_ends_by_itself(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await fail(session, clock)
    for _ in range(2):
        assert (await run_task(EvaluateMonitoringAlerts(slot=clock()))).outcome == "done"
        clock.advance(timedelta(seconds=20))

    # What has failed on a lane that is not urgent raises nothing.
    assert await alerts(session, "critical_task_failed") == [(NAME, "firing", 1.0)]
    [told] = await mails(session, NAME)
    assert (told.to_email, told.subject) == (TOLD, f"[Waybill] CRITICAL: {NAME} has failed for good 1 times within ten minutes")
    assert "What to do: https://wiki.example/runbooks/monitoring-alerts.md#critical_task_failed" in told.body

    clock.advance(timedelta(minutes=11))
    await CollectorRepository(session).hold("test", 15, clock())
    await run_task(EvaluateMonitoringAlerts(slot=clock()))

    assert await alerts(session, "critical_task_failed") == [(NAME, "resolved", 1.0)]
    [_, over] = await mails(session, NAME)
    assert "\nOver since: 2026-" in over.body


async def test_backups_that_come_to_nothing_are_an_alert_until_one_is_verified(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    add = text("""
        INSERT INTO backups (id, state, requested_by, asked_at, ended_at, folder, snapshot_at, size_bytes, row_count, error)
        VALUES (uuidv7(), :state, 'test', :at, :at, CASE :state WHEN 'verified' THEN 'x' END,
                CASE :state WHEN 'verified' THEN CAST(:at AS timestamptz) END, 1, 1, CASE :state WHEN 'failed' THEN 'x' END)
    """)
    seen = []
    for state, hours in (("failed", 9), ("failed", 2), ("verified", 1)):
        await session.execute(add, {"state": state, "at": clock() - timedelta(hours=hours)})
        await run_task(EvaluateMonitoringAlerts(slot=clock()))
        seen.append([row[:2] for row in await alerts(session, "backup_old")])
        clock.advance(timedelta(minutes=15))

    assert seen == [[("backups", "pending")], [("backups", "firing")], [("backups", "resolved")]]


async def test_backup_without_room_is_an_alert_at_once_until_the_next_one_is_verified(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await session.execute(
        text("""
            INSERT INTO backups (id, state, requested_by, asked_at, started_at, ended_at, error)
            VALUES (uuidv7(), 'failed', 'test', :at, :at, :at, 'there is no room')
        """),
        {"at": clock()},
    )
    seen = []
    running = text("UPDATE backups SET state = 'running', ended_at = NULL, error = NULL")
    verified = text("""
        UPDATE backups SET state = 'verified', ended_at = now(), folder = 'x', snapshot_at = now(), size_bytes = 1, row_count = 1
    """)
    for change in (text("SELECT 1"), running, verified):
        await session.execute(change)
        await run_task(EvaluateMonitoringAlerts(slot=clock()))
        seen.append([row[1] for row in await alerts(session, "backup_failed")])
        clock.advance(timedelta(seconds=20))

    assert seen == [["firing"], ["firing"], ["resolved"]]
    [told, _] = await mails(session, "the last backup came to nothing: there is no room")
    assert told.subject == "[Waybill] CRITICAL: the last backup came to nothing: there is no room"


async def test_what_nobody_can_know_now_ends_no_alert(session: Session, run_task: TaskRunner, clock: FrozenClock) -> None:
    await fail(session, clock)
    await run_task(EvaluateMonitoringAlerts(slot=clock()))

    # The collector is gone: of workers and what they carry out nothing is heard.
    clock.advance(timedelta(minutes=11))
    await run_task(EvaluateMonitoringAlerts(slot=clock()))

    assert await alerts(session, "critical_task_failed") == [(NAME, "firing", 1.0)]


async def test_a_worker_that_never_comes_back_is_an_alert_until_somebody_looks_after_it(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await write(session, clock, mail(clock(), "done"))
    clock.advance(timedelta(hours=30))

    async def state() -> list[str]:
        clock.advance(timedelta(seconds=20))
        await CollectorRepository(session).hold("test", 15, clock())
        await run_task(CleanupDeadTasks(slot=clock()))
        await run_task(EvaluateMonitoringAlerts(slot=clock()))
        return [found for _, found, _ in await alerts(session, "worker_down")]

    await CollectorRepository(session).hold("test", 15, clock())
    await run_task(EvaluateMonitoringAlerts(slot=clock()))
    assert await state() == ["firing"]
    acknowledged = text("UPDATE monitoring_alerts SET acknowledged_at = :now, acknowledged_by = 'user:ann'")
    await session.execute(acknowledged, {"now": clock()})
    assert await state() == ["resolved"]


async def test_what_comes_and_goes_is_one_alert_and_what_is_over_before_its_time_was_none(
    session: Session, clock: FrozenClock
) -> None:
    rule, steps = Rule("backlog", "critical", "", for_s=60, clear_s=90), []
    for is_so in (True, False, True, True, False, True, False, False):
        publisher = Publisher(session)
        raising = Raising(MonitoringAlertRepository(session), Telling(publisher, (TOLD,)), (), clock(), "docs/runbooks")
        look = Look([Found("lane", "much waits", 2000)] if is_so else [])
        opened = await raising.apply([(rule, look)])
        steps.append([one.state for one in opened])
        assert not opened or next_look(opened, clock()) == clock() + timedelta(minutes=1)
        clock.advance(timedelta(seconds=60))

    assert steps == [["pending"], [], ["pending"], ["firing"], ["firing"], ["firing"], ["firing"], []]
    assert [(one.subject, one.body.splitlines()[0]) for one in await published(session, SendEmail)] == [
        ("[Waybill] CRITICAL: much waits", "much waits"),
        ("[Waybill] RESOLVED: much waits", "much waits"),
    ]


async def test_while_anything_is_open_it_is_looked_at_by_the_minute(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    # No owner is set, so parts are down; for less than a minute so far.
    await run_task(EvaluateMonitoringAlerts(slot=clock()))

    assert ("service:payments", "pending", None) in await alerts(session, "component_down")
    again = [one for one in await outbox_of(session) if one.name == "analytics.evaluate_monitoring_alerts"]
    assert [one.due_at for one in again] == [clock() + timedelta(minutes=1)]
    clock.advance(timedelta(minutes=1))
    await run_task(EvaluateMonitoringAlerts(slot=clock()))
    assert ("service:payments", "firing", None) in await alerts(session, "component_down")


async def test_much_at_once_is_one_mail(session: Session, run_task: TaskRunner, clock: FrozenClock) -> None:
    names = [f"payments.task_{number}" for number in range(11)]
    await write(session, clock, *(mail(clock(), "failed", name=name, lane="payments.critical") for name in names))

    await run_task(EvaluateMonitoringAlerts(slot=clock()))

    [told] = await published(session, SendEmail)
    assert told.subject == "[Waybill] 11 alerts fire, 0 are over"
    assert all(f"about {name}" in told.body for name in names)


async def test_the_end_of_much_at_once_is_another_mail_than_its_beginning(session: Session, clock: FrozenClock) -> None:
    rule, much = Rule("backlog", "critical", ""), [Found(f"lane {number}", "much waits", 2000) for number in range(11)]

    for found in (much, []):
        raising = Raising(MonitoringAlertRepository(session), Telling(Publisher(session), (TOLD,)), (), clock(), "docs/runbooks")
        await raising.apply([(rule, Look(found))])

    fired, ended = await published(session, SendEmail)
    assert [fired.subject, ended.subject] == ["[Waybill] 11 alerts fire, 0 are over", "[Waybill] 0 alerts fire, 11 are over"]
    # Whoever has sent a key sends nothing more under it.
    assert fired.dedupe_key != ended.dedupe_key
