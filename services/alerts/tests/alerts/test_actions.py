"""What people do about one alert."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.alerts.acting import (
    ADA,
    BEN,
    act,
    assert_timeline_tells_all,
    kinds,
    operator,
    raise_alerts,
    revise,
    status_of,
)
from services.alerts.tests.arrange import OURS, THEIRS, have, line, rows
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import CancelMessages, SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

LAST = "SELECT kind, actor, reason FROM alert_timeline WHERE alert_id = :id ORDER BY number DESC LIMIT 1"


async def test_acknowledging_says_who_sees_to_it_and_why(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await act(operator(client), alert_id, "acknowledge", reason="calling the carrier")

    alert = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"v2"')
    assert (alert["status"], alert["acknowledged_by"], alert["version"]) == ("acknowledged", ADA, 2)
    assert await rows(session, LAST, id=alert_id) == [("acknowledged", ADA, "calling the carrier")]


async def test_acknowledging_again_changes_nothing_and_is_no_error(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)

    answers = [await act(operator(client), alert_id, "acknowledge") for _ in range(2)]

    assert [(answer.status_code, answer.headers["ETag"]) for answer in answers] == [(200, '"v2"')] * 2
    assert answers[0].json() == answers[1].json()
    assert await kinds(session, alert_id) == ["raised", "acknowledged"]


async def test_acknowledging_what_somebody_else_has_is_refused(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client, ADA), alert_id, "acknowledge")

    answer = await act(operator(client, BEN), alert_id, "acknowledge")

    assert (answer.status_code, answer.json()["code"]) == (409, "acknowledged_by_other")
    assert await rows(session, "SELECT acknowledged_by, version FROM alerts") == [(ADA, 2)]


async def test_acknowledged_alert_is_given_back(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client), alert_id, "acknowledge")

    alert = (await act(operator(client, BEN), alert_id, "unacknowledge", reason="off duty")).json()

    assert (alert["status"], alert["acknowledged_by"], alert["acknowledged_at"]) == ("open", None, None)
    assert await rows(session, LAST, id=alert_id) == [("unacknowledged", BEN, "off duty")]


async def test_snooze_has_an_end_that_can_be_moved(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    (alert_id,) = await raise_alerts(session)
    first, second = (clock() + timedelta(days=days) for days in (2, 90))

    ends = (first, second, second)
    *_, last = [await act(operator(client), alert_id, "snooze", until=until.isoformat()) for until in ends]

    assert (last.json()["status"], last.json()["snoozed_until"]) == ("snoozed", "2026-05-31T09:00:00Z")
    query = "SELECT kind, until FROM alert_timeline WHERE alert_id = :id ORDER BY number"
    assert await rows(session, query, id=alert_id) == [("raised", None), ("snoozed", first), ("snoozed", second)]


@pytest.mark.parametrize(
    "until", ["2026-03-02T09:00:00Z", "2020-01-01T00:00:00Z", "2026-05-31T09:00:01Z", "9999-12-31T23:59:59Z"]
)
async def test_snooze_without_a_near_end_is_refused(client: ApiClient, session: Session, until: str) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await act(operator(client), alert_id, "snooze", until=until)

    assert (answer.status_code, answer.json()["code"]) == (422, "snooze_out_of_range")
    assert await kinds(session, alert_id) == ["raised"]


async def test_snoozed_alert_is_woken_by_hand(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client), alert_id, "snooze", until=(clock() + timedelta(days=1)).isoformat())

    alert = (await act(operator(client), alert_id, "wake")).json()

    assert (alert["status"], alert["snoozed_until"]) == ("open", None)


async def test_resolving_says_so_and_cancels_the_mail_that_was_not_sent(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    (alert_id,) = await raise_alerts(session)
    await run_task(QueuePendingEmails())
    assert len(await published(session, SendTemplatedEmail)) == 1

    alert = (await act(operator(client), alert_id, "resolve", reason="cleared by phone")).json()

    assert (alert["status"], alert["resolution"]) == ("resolved", "manual")
    ((email_id,),) = await rows(session, "SELECT id FROM alert_emails")
    await assert_published(session, CancelMessages, subject_key=f"alerts.email:{email_id}", reason="the alert was resolved")
    await assert_timeline_tells_all(session)


async def test_alert_that_is_resolved_before_it_was_told_of_gets_no_mail(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client), alert_id, "resolve")

    await run_task(QueuePendingEmails())

    await assert_nothing_published(session, SendTemplatedEmail, CancelMessages)


async def test_resolved_alert_is_reopened_by_hand(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    for action in ("acknowledge", "resolve"):
        await act(operator(client), alert_id, action)

    alert = (await act(operator(client, BEN), alert_id, "reopen", reason="wrong shipment")).json()

    cleared = ("acknowledged_by", "resolved_at", "resolution")
    assert (alert["status"], [alert[name] for name in cleared]) == ("open", [None] * 3)
    assert await rows(session, LAST, id=alert_id) == [("reopened", BEN, "wrong shipment")]


async def test_alert_of_an_eta_that_was_revised_cannot_be_reopened(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    await revise(session, "MAEU1")

    answer = await act(operator(client), alert_id, "reopen")

    assert (answer.status_code, answer.json()["code"]) == (409, "eta_superseded")
    assert await status_of(session, alert_id) == "resolved"


async def test_alert_of_a_shipment_that_is_not_watched_can_be_reopened_once_it_is_again(
    client: ApiClient, session: Session
) -> None:
    (alert_id,) = await raise_alerts(session)
    await act(operator(client), alert_id, "resolve")
    await have(session, line(status="released"))

    refused = await act(operator(client), alert_id, "reopen")
    await have(session, line(status="in_transit"))
    reopened = await act(operator(client), alert_id, "reopen")

    assert (refused.status_code, refused.json()["code"]) == (409, "shipment_not_watched")
    assert (reopened.status_code, reopened.json()["status"]) == (200, "open")


async def test_mail_of_a_reopened_alert_is_to_be_decided_about_anew_unless_everybody_was_told(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    told, untold = await raise_alerts(session, "A", "B")
    await run_task(QueuePendingEmails())
    await session.execute(text("UPDATE alerts SET email_sent = true, email_sent_at = now() WHERE id = :id"), {"id": told})
    for alert_id in (told, untold):
        await act(operator(client), alert_id, "resolve")
    asked = "SELECT email_requested_at IS NOT NULL FROM alerts ORDER BY id"
    assert await rows(session, asked) == [(True,)] * 2

    answers = [await act(operator(client), alert_id, "reopen") for alert_id in (told, untold)]

    assert [answer.json()["email_requested_at"] is not None for answer in answers] == [True, False]
    assert await rows(session, asked) == [(True,), (False,)]


@pytest.mark.parametrize(
    ("before", "action", "possible"),
    [
        ("resolve", "acknowledge", ["reopen"]),
        ("resolve", "snooze", ["reopen"]),
        ("resolve", "unacknowledge", ["reopen"]),
        ("resolve", "wake", ["reopen"]),
        ("snooze", "unacknowledge", ["acknowledge", "snooze", "wake", "resolve"]),
        ("snooze", "reopen", ["acknowledge", "snooze", "wake", "resolve"]),
        ("acknowledge", "wake", ["unacknowledge", "snooze", "resolve"]),
        ("acknowledge", "reopen", ["unacknowledge", "snooze", "resolve"]),
    ],
)
async def test_action_that_the_status_does_not_allow_is_refused_with_those_that_it_does(
    client: ApiClient, session: Session, before: str, action: str, possible: list[str]
) -> None:
    (alert_id,) = await raise_alerts(session)
    until = {"until": "2026-03-03T00:00:00Z"}
    await act(operator(client), alert_id, before, **(until if before == "snooze" else {}))
    happened = await kinds(session, alert_id)

    answer = await act(operator(client), alert_id, action, **(until if action == "snooze" else {}))

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["possible"]) == (409, "action_not_possible", possible)
    assert problem["detail"].endswith(f"possible: {', '.join(possible)}")
    assert await kinds(session, alert_id) == happened


async def test_comment_stands_in_the_timeline_and_changes_nothing_else(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await act(operator(client), alert_id, "comments", if_match='"v1"', text="the broker has it\r\n=1+1")
    again = await act(operator(client), alert_id, "comments", if_match='"v1"', text="the broker has it\r\n=1+1")

    assert (answer.status_code, answer.headers["ETag"], answer.json()["status"]) == (200, '"v2"', "open")
    assert again.status_code == 412
    assert await rows(session, LAST, id=alert_id) == [("commented", ADA, "the broker has it\r\n=1+1")]


@pytest.mark.parametrize("action", ["acknowledge", "unacknowledge", "snooze", "wake", "resolve", "reopen", "comments"])
async def test_change_of_a_version_that_the_caller_has_not_seen_is_refused(
    client: ApiClient, session: Session, action: str
) -> None:
    (alert_id,) = await raise_alerts(session)
    body = {"snooze": {"until": "2026-03-03T00:00:00Z"}, "comments": {"text": "so"}}.get(action, {})

    stale = await act(operator(client), alert_id, action, if_match='"v7"', **body)
    blind = await operator(client).post(f"/v1/alerts/{alert_id}/{action}", json=body)

    assert [(answer.status_code, answer.json()["code"]) for answer in (stale, blind)] == [
        (412, "precondition_failed"),
        (428, "precondition_required"),
    ]
    assert await kinds(session, alert_id) == ["raised"]


@pytest.mark.parametrize("action", ["acknowledge", "unacknowledge", "snooze", "wake", "resolve", "reopen", "comments"])
async def test_alerts_of_others_and_of_nobody_are_not_found(client: ApiClient, session: Session, action: str) -> None:
    (theirs,) = await raise_alerts(session, organization_id=THEIRS)
    body = {"snooze": {"until": "2026-03-03T00:00:00Z"}, "comments": {"text": "so"}}.get(action, {})

    answers = [await act(operator(client), alert_id, action, **body) for alert_id in (theirs, uuid7(), UUID(int=0))]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "alert_not_found")] * 3
    assert await kinds(session, theirs) == ["raised"]


async def test_unbound_operator_acts_on_anybodys_alert(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session, organization_id=THEIRS)

    answer = await act(operator(client, organization_id=None), alert_id, "acknowledge")

    assert answer.json()["status"] == "acknowledged"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("acknowledge", {"reason": ""}),
        ("acknowledge", {"reason": "x" * 1001}),
        ("acknowledge", {"reason": "nul\x00"}),
        ("acknowledge", {"reason": 7}),
        ("acknowledge", {"because": "so"}),
        ("acknowledge", {"until": "2026-03-03T00:00:00Z"}),
        ("snooze", {}),
        ("snooze", {"until": "2026-03-03T00:00:00"}),
        ("snooze", {"until": 10**30}),
        ("snooze", {"until": 1772500000}),
        ("snooze", {"until": "tomorrow"}),
        ("comments", {}),
        ("comments", {"text": ""}),
        ("comments", {"text": "a\x00b"}),
    ],
)
async def test_bodies_that_mean_nothing_are_refused(
    client: ApiClient, session: Session, action: str, body: dict[str, Any]
) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await act(operator(client), alert_id, action, **body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await kinds(session, alert_id) == ["raised"]


async def test_viewer_changes_nothing(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    viewer = client.as_role("viewer", organization_id=OURS)

    answers = [await act(viewer, alert_id, "acknowledge"), await act(client, alert_id, "acknowledge")]

    assert [answer.status_code for answer in answers] == [403, 401]
    assert await kinds(session, alert_id) == ["raised"]
