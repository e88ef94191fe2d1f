"""Alerts that end because their shipment has changed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.alerts.deps import auto_resolve
from services.alerts.tests.alerts.acting import ADA, act, assert_timeline_tells_all, kinds, operator, raise_alerts, revise
from services.alerts.tests.arrange import ETA, alerts, evaluate, have, line, rows
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
    await raise_alerts(session)
    await run_task(QueuePendingEmails())

    await have(session, line(status="delivered"))

    ((email_id,),) = await rows(session, "SELECT id FROM alert_emails")
    await assert_published(session, CancelMessages, subject_key=f"alerts.email:{email_id}")


async def test_alerts_begin_again_with_the_shipments_watch_in_the_name_of_who_set_it_back(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    _, acknowledged, snoozed = alert_ids = await raise_alerts(session, "A", "B", "C")
    await act(operator(client), acknowledged, "acknowledge")
    await act(operator(client), snoozed, "snooze", until=(clock() + timedelta(days=1)).isoformat())
    await have(session, *(line(reference=one, status="released") for one in "ABC"))
    assert await rows(session, ENDED) == [("resolved", "released", None)] * 3

    for (shipment_id,) in await rows(session, "SELECT id FROM shipments ORDER BY reference"):
        address, seen = f"/v1/shipments/{shipment_id}", {"If-Match": "*"}
        assert (await operator(client).patch(address, json={"status": "customs_hold"}, headers=seen)).status_code == 200

    assert await rows(session, ENDED) == [("open", None, None)] * 3
    assert await rows(session, "SELECT DISTINCT acknowledged_at, acknowledged_by, resolved_at FROM alerts") == [(None,) * 3]
    last = "SELECT DISTINCT ON (alert_id) kind, actor, reason FROM alert_timeline ORDER BY alert_id, number DESC"
    assert await rows(session, last) == [("reopened", ADA, "the shipment is watched again")] * 3
    assert [await kinds(session, alert_id) for alert_id in alert_ids[:2]] == [
        ["raised", "resolved", "reopened"],
        ["raised", "acknowledged", "resolved", "reopened"],
    ]
    assert await alerts(session) == [(one, 1, "info", 1, 1) for one in "ABC"]
    await assert_timeline_tells_all(session)


async def test_import_that_sets_one_shipment_back_and_ends_another_does_both(session: Session) -> None:
    await raise_alerts(session, "A", "B")
    await have(session, line(reference="B", status="released"))

    await have(session, line(reference="A", status="delivered"), line(reference="B"))

    assert await rows(session, ENDED) == [("resolved", "delivered", None), ("open", None, None)]
    await assert_timeline_tells_all(session)


async def test_what_a_person_resolved_and_what_an_earlier_eta_raised_stay_resolved(client: ApiClient, session: Session) -> None:
    by_hand, _ = await raise_alerts(session, "A", "B")
    await act(operator(client), by_hand, "resolve")
    await have(session, *(line(reference=one, status="released") for one in "AB"))

    await have(session, line(reference="A"), line(reference="B", current_eta=(ETA + timedelta(days=9)).isoformat()))

    assert await rows(session, ENDED) == [("resolved", "manual", None), ("resolved", "released", None)]


async def test_mail_that_was_taken_back_is_to_be_decided_about_anew(session: Session, run_task: TaskRunner) -> None:
    told, untold = await raise_alerts(session, "A", "B")
    await run_task(QueuePendingEmails())
    await session.execute(text("UPDATE alerts SET email_sent = true, email_sent_at = now() WHERE id = :id"), {"id": told})
    await have(session, *(line(reference=one, status="released") for one in "AB"))
    asked = "SELECT id, email_requested_at IS NOT NULL FROM alerts ORDER BY id"
    assert await rows(session, asked) == [(told, True), (untold, True)]

    await have(session, line(reference="A"), line(reference="B"))

    assert await rows(session, asked) == [(told, True), (untold, False)]


async def test_setting_a_shipment_back_twice_opens_its_alerts_once(session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    await have(session, line(status="released"))
    await have(session, line())
    ((shipment_id,),) = await rows(session, "SELECT id FROM shipments")

    assert await auto_resolve(session).after_change([shipment_id]) == 0
    assert await kinds(session, alert_id) == ["raised", "resolved", "reopened"]


async def test_doing_it_twice_resolves_nothing_more(session: Session) -> None:
    await raise_alerts(session)
    ((shipment_id,),) = await rows(session, "SELECT id FROM shipments")
    await have(session, line(status="delivered"))

    assert await auto_resolve(session).after_change([shipment_id, shipment_id]) == 0
    assert await auto_resolve(session).after_change([]) == 0
