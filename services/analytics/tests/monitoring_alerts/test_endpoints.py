"""Alerts over HTTP: an Alertmanager's, acknowledging, silences, and who may not."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from services.analytics.tests.monitoring_alerts.conftest import TOLD
from shared.contracts.analytics import EvaluateMonitoringAlerts
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient

PATH: Final = "/v1/monitoring"


def webhook(status: str = "firing", **fields: Any) -> dict[str, Any]:
    alert = {
        "status": status,
        "labels": {"alertname": "HighLatency", "severity": "page", "instance": "api-1"},
        "annotations": {"summary": "p99 is above 2 s\non api-1", "runbook_url": "javascript:alert(1)"},
        "startsAt": "2026-03-02T08:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "7c39e2a1b0d4f586",
    }
    return {"version": "4", "status": status, "receiver": "waybill", "groupKey": "{}", "alerts": [alert], "new_field": 1} | fields


async def test_an_alertmanagers_alert_that_comes_twice_is_one_told_once_and_once_more_when_it_is_over(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    machine = client.as_role("operator")
    for status in ("resolved", "firing", "firing", "resolved", "resolved"):
        answer = await machine.post(f"{PATH}/alertmanager", json=webhook(status))
        assert (answer.status_code, answer.json()) == (200, {"accepted": 1})
        clock.advance(timedelta(seconds=1))

    [alert] = (await machine.get(f"{PATH}/alerts", params={"state": "all"})).json()["items"]
    assert (alert["rule"], alert["subject"], alert["severity"]) == ("HighLatency", "7c39e2a1b0d4f586", "critical")
    assert (alert["state"], alert["summary"], alert["runbook_url"]) == ("resolved", "p99 is above 2 s on api-1", None)
    assert [(one.to_email, one.subject) for one in await published(session, SendEmail)] == [
        (TOLD, "[Waybill] CRITICAL: p99 is above 2 s on api-1"),
        (TOLD, "[Waybill] RESOLVED: p99 is above 2 s on api-1"),
    ]


async def test_the_runbook_of_this_repositorys_rules_is_where_our_own_are(client: ApiClient, session: Session) -> None:
    machine, links = client.as_role("operator"), ("docs/runbooks/alerts.md#lanebacklog", "http://wiki/a", "docs/other.md")
    alerts = [
        {"status": "firing", "labels": {"alertname": link}, "annotations": {"summary": "it waits", "runbook_url": link}}
        for link in links
    ]
    assert (await machine.post(f"{PATH}/alertmanager", json={"version": "4", "alerts": alerts})).status_code == 200

    kept = {one["rule"]: one["runbook_url"] for one in (await machine.get(f"{PATH}/alerts")).json()["items"]}
    assert kept == dict(zip(links, ("https://wiki.example/runbooks/alerts.md#lanebacklog", "http://wiki/a", None), strict=True))
    bodies = "\n".join(mail.body for mail in await published(session, SendEmail))
    assert bodies.count("What to do: https://wiki.example/runbooks/alerts.md#lanebacklog") == 1


async def test_who_may_write_and_not_read_tells_of_alerts_and_sees_none(client: ApiClient) -> None:
    machine = client.as_role(scopes=["analytics:write"])

    assert (await machine.post(f"{PATH}/alertmanager", json=webhook())).status_code == 200
    assert (await machine.get(f"{PATH}/alerts")).status_code == 403


async def test_nobody_is_told_of_what_is_silenced_until_the_silence_is_over(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    admin, operator = client.as_role("admin"), client.as_role("operator")
    until = (clock() + timedelta(hours=1)).isoformat()
    asked = {"rule": "High*", "until": until, "reason": "moving the database"}
    headers = {"Idempotency-Key": str(uuid4())}
    made = [await admin.post(f"{PATH}/silences", json=asked, headers=headers) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201]
    assert made[0].json()["id"] == made[1].json()["id"]

    await operator.post(f"{PATH}/alertmanager", json=webhook())
    [alert] = (await operator.get(f"{PATH}/alerts")).json()["items"]
    assert (alert["state"], alert["is_silenced"], alert["told_at"]) == ("firing", True, None)
    assert await published(session, SendEmail) == []

    end = f"{PATH}/silences/{made[0].json()['id']}/end"
    assert (await admin.post(end, json={"reason": "done early"})).json()["ended_by"] == "user:test"
    assert (await admin.post(end, json={"reason": "done early"})).json()["code"] == "silence_over"
    await operator.post(f"{PATH}/alertmanager", json=webhook())
    assert len(await published(session, SendEmail)) == 1


async def test_an_alertmanagers_alert_that_outlasts_a_silence_is_told_once_without_being_said_again(
    client: ApiClient, session: Session, clock: FrozenClock, run_task: TaskRunner
) -> None:
    until = (clock() + timedelta(hours=1)).isoformat()
    asked = {"rule": "High*", "until": until, "reason": "moving the database"}
    await client.as_role("admin").post(f"{PATH}/silences", json=asked, headers={"Idempotency-Key": str(uuid4())})
    await client.as_role("operator").post(f"{PATH}/alertmanager", json=webhook())

    told = []
    for minutes in (50, 15, 5):
        clock.advance(timedelta(minutes=minutes))
        await run_task(EvaluateMonitoringAlerts(slot=clock()))
        told.append(len([one for one in await published(session, SendEmail) if "p99" in one.body]))
    assert told == [0, 1, 1]


async def test_an_alert_is_looked_after_by_one_person(client: ApiClient) -> None:
    operator = client.as_role("operator")
    await operator.post(f"{PATH}/alertmanager", json=webhook())
    [alert] = (await operator.get(f"{PATH}/alerts")).json()["items"]
    path, note = f"{PATH}/alerts/{alert['id']}/acknowledge", {"note": "looking into it"}

    first, second = [await operator.post(path, json=note) for _ in range(2)]
    assert (first.json()["acknowledged_by"], first.json()["note"]) == ("user:test", "looking into it")
    assert (second.status_code, second.json()["code"]) == (409, "alert_acknowledged")
    await operator.post(f"{PATH}/alertmanager", json=webhook("resolved"))
    assert (await operator.post(path, json=note)).json()["code"] == "alert_not_firing"
    assert (await operator.post(f"{PATH}/alerts/{uuid4()}/acknowledge", json=note)).status_code == 404


async def test_what_cannot_be_meant_is_refused(client: ApiClient, clock: FrozenClock) -> None:
    admin, viewer = client.as_role("admin"), client.as_role("viewer")
    tenant, until = client.as_role("operator", organization_id=uuid4()), (clock() + timedelta(days=1)).isoformat()

    async def silence(**fields: Any) -> str:
        body = {"rule": "backlog", "until": until, "reason": "because", **fields}
        answer = await admin.post(f"{PATH}/silences", json=body, headers={"Idempotency-Key": str(uuid4())})
        return str(answer.json()["code"])

    assert await silence(rule="*") == "invalid_request"
    assert await silence(until=(clock() - timedelta(days=1)).isoformat()) == "silence_unusable"
    assert await silence(until=(clock() + timedelta(days=31)).isoformat()) == "silence_unusable"
    for somebody in (viewer, tenant):
        assert (await somebody.post(f"{PATH}/alertmanager", json=webhook())).status_code == 403
    assert (await admin.post(f"{PATH}/alertmanager", json=webhook(version="3"))).status_code == 422
    assert (await viewer.get(f"{PATH}/alerts", params={"state": "all"})).json()["items"] == []
    assert len((await viewer.get(f"{PATH}/alert-rules")).json()["items"]) == 16
