"""alerts.wake_alerts."""

from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.alerts import wake
from services.alerts.schedules import ENTRIES
from services.alerts.tests.alerts.acting import act, assert_timeline_tells_all, kinds, operator, raise_alerts, status_of
from services.alerts.tests.arrange import rows
from shared.contracts.alerts import WakeAlerts
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.schedule import fire_due_slots
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_published, published
from shared.testing.service import ApiClient


async def test_alerts_whose_time_has_come_are_opened_once_though_the_task_runs_twice(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    due, later, resolved = await raise_alerts(session, "A", "B", "C")
    until = {due: 1, later: 2, resolved: 1}
    for alert_id, hours in until.items():
        await act(operator(client), alert_id, "snooze", until=(clock() + timedelta(hours=hours)).isoformat())
    await act(operator(client), resolved, "resolve")
    ids = [uuid7(), uuid7()]

    for message_id in (ids[0], ids[0], ids[1]):
        (handled,) = await run_task.run([WakeAlerts(as_of=clock() + timedelta(hours=1))], ids=[message_id])
        assert handled.outcome == "done"

    assert [await status_of(session, alert_id) for alert_id in until] == ["open", "snoozed", "resolved"]
    query = "SELECT alert_id, actor, message_id FROM alert_timeline WHERE kind = 'woken'"
    assert await rows(session, query) == [(due, "system:schedule", ids[0])]
    await assert_timeline_tells_all(session)


async def test_moment_of_sending_counts_where_none_is_named(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client), alert_id, "acknowledge")
    await act(operator(client), alert_id, "snooze", until=(clock() + timedelta(hours=1)).isoformat())

    await run_task(WakeAlerts(), occurred_at=clock() + timedelta(minutes=59))
    before = await status_of(session, alert_id)
    await run_task(WakeAlerts(), occurred_at=clock() + timedelta(minutes=60))

    assert before == "snoozed"
    assert await rows(session, "SELECT status, acknowledged_by, snoozed_until FROM alerts") == [("open", None, None)]


async def test_many_are_woken_in_several_transactions(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "ALERTS_PER_MESSAGE", 2)
    alert_ids = await raise_alerts(session, "A", "B", "C")
    for alert_id in alert_ids:
        await act(operator(client), alert_id, "snooze", until=(clock() + timedelta(hours=1)).isoformat())
    message = WakeAlerts(as_of=clock() + timedelta(hours=1))

    await run_task(message)
    assert await published(session, WakeAlerts) == [message]
    await run_task(message)

    assert [(await kinds(session, alert_id))[-1] for alert_id in alert_ids] == ["woken"] * 3
    assert len(await published(session, WakeAlerts)) == 1


async def test_waking_is_asked_for_every_five_minutes(session: Session) -> None:
    await fire_due_slots(session, ENTRIES, datetime(2026, 3, 2, 9, 0, tzinfo=UTC))

    await fire_due_slots(session, ENTRIES, datetime(2026, 3, 2, 9, 5, 1, tzinfo=UTC))

    await assert_published(session, WakeAlerts, as_of=datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
