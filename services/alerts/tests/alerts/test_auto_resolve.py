"""Alerts that end because their shipment has changed."""

from datetime import timedelta

import pytest

from services.alerts.deps import auto_resolve
from services.alerts.tests.alerts.acting import ADA, act, assert_timeline_tells_all, kinds, operator, raise_alerts, revise
from services.alerts.tests.arrange import ETA, evaluate, have, line, rows
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import CancelMessages
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_published
from shared.testing.service import ApiClient

ENDED = "SELECT status, resolution, snoozed_until FROM alerts ORDER BY id"


@pytest.mark.parametrize("status", ["released", "delivered", "cancelled"])
async def test_alerts_end_with_the_shipments_watch(session: Session, status: str) -> None:
    (alert_id,) = await raise_alerts(session)

    await have(session, line(status=status))

    assert await rows(session, ENDED) == [("resolved", status, None)]
    query = "SELECT kind, actor, reason FROM alert_timeline WHERE alert_id = :id AND number = 2"
    assert await rows(session, query, id=alert_id) == [("resolved", "system:import", status)]


async def test_alerts_end_with_their_eta_and_a_new_one_takes_them_up_again(session: Session) -> None:
    (first,) = await raise_alerts(session)
    await revise(session, "MAEU1", eta=ETA + timedelta(days=2))
    await evaluate(session, ETA + timedelta(days=3))

    assert await rows(session, ENDED) == [("resolved", "eta_changed", None), ("open", None, None)]
    ((second, reopens),) = await rows(session, "SELECT id, reopens FROM alerts WHERE status = 'open'")
    assert reopens == first
    assert [await kinds(session, alert_id) for alert_id in (first, second)] == [["raised", "resolved"], ["reopened"]]
    await assert_timeline_tells_all(session)


async def test_whatever_people_made_of_alerts_ends(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    _, acknowledged, snoozed, resolved = await raise_alerts(session, "A", "B", "C", "D")
    await act(operator(client), acknowledged, "acknowledge")
    await act(operator(client), snoozed, "snooze", until=(clock() + timedelta(days=1)).isoformat())
    await act(operator(client), resolved, "resolve")

    await revise(session, "A", "B", "C", "D")

    assert await rows(session, ENDED) == [("resolved", "eta_changed", None)] * 3 + [("resolved", "manual", None)]
    assert await rows(session, "SELECT acknowledged_by FROM alerts WHERE id = :id", id=acknowledged) == [(ADA,)]
    await assert_timeline_tells_all(session)


async def test_change_that_matters_to_no_alert_ends_none(session: Session) -> None:
    await raise_alerts(session, "A", "B")

    await have(session, line(reference="A", carrier="MSC", status="customs_hold"))

    assert await rows(session, ENDED) == [("open", None, None)] * 2


async def test_mail_that_was_not_sent_is_cancelled(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session)
    await run_task(QueuePendingEmails())

    await have(session, line(status="delivered"))

    await assert_published(session, CancelMessages, subject_key=f"alerts.alert:{alert_id}")


async def test_doing_it_twice_resolves_nothing_more(session: Session) -> None:
    await raise_alerts(session)
    ((shipment_id,),) = await rows(session, "SELECT id FROM shipments")
    await have(session, line(status="delivered"))

    assert await auto_resolve(session).after_change([shipment_id, shipment_id]) == 0
    assert await auto_resolve(session).after_change([]) == 0
