"""GET /v1/alerts/{id} and its timeline."""

from uuid import UUID

import pytest

from services.alerts.tests.alerts.acting import ADA, BEN, act, operator, raise_alerts
from services.alerts.tests.arrange import OURS, THEIRS
from shared.contracts.alerts import QueuePendingEmails
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


async def test_alert_is_read_with_what_happened_to_it_and_who_was_told(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    (alert_id,) = await raise_alerts(session, recipients="desk@example.com;boss@example.com")
    await run_task(QueuePendingEmails())
    await act(operator(client), alert_id, "acknowledge", reason="mine")

    answer = await client.as_role("viewer", organization_id=OURS).get(f"/v1/alerts/{alert_id}")

    alert = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"v{alert["version"]}"')
    assert (alert["reference"], alert["status"], alert["acknowledged_by"]) == ("MAEU1", "acknowledged", ADA)
    assert [entry["number"] for entry in alert["timeline"]] == list(range(alert["version"], 0, -1))
    assert [(entry["kind"], entry["actor"], entry["reason"]) for entry in (alert["timeline"][0], alert["timeline"][-1])] == [
        ("acknowledged", ADA, "mine"),
        ("raised", "system:evaluation", None),
    ]
    assert {(one["recipient"], one["kind"], one["status"]) for one in alert["told"]} == {
        ("desk@example.com", "alert", "requested"),
        ("boss@example.com", "alert", "requested"),
    }
    requested = {entry["message_id"] for entry in alert["timeline"] if entry["kind"] == "email_requested"}
    assert requested == {one["id"] for one in alert["told"]}


async def test_shown_tag_is_the_one_that_the_next_change_needs(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    caller = operator(client)
    tag = (await caller.get(f"/v1/alerts/{alert_id}")).headers["ETag"]

    first = await act(caller, alert_id, "acknowledge", if_match=tag)
    second = await act(caller, alert_id, "resolve", if_match=first.headers["ETag"])

    assert (first.status_code, second.status_code, second.headers["ETag"]) == (200, 200, '"v3"')


async def test_timeline_is_paged_and_the_newest_first(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)
    for number in range(4):
        await act(operator(client, BEN), alert_id, "comments", text=f"note {number}")
    viewer, path = client.as_role("viewer", organization_id=OURS), f"/v1/alerts/{alert_id}/timeline"

    first = (await viewer.get(path, params={"limit": 3})).json()
    second = (await viewer.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert [entry["reason"] for entry in first["items"] + second["items"]] == [f"note {n}" for n in (3, 2, 1, 0)] + [None]
    assert [entry["number"] for entry in second["items"]] == [2, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("path", ["", "/timeline"])
async def test_alerts_of_others_and_of_nobody_are_not_found(client: ApiClient, session: Session, path: str) -> None:
    (theirs,) = await raise_alerts(session, organization_id=THEIRS)
    viewer = client.as_role("viewer", organization_id=OURS)

    answers = [await viewer.get(f"/v1/alerts/{alert_id}{path}") for alert_id in (theirs, uuid7(), UUID(int=0))]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "alert_not_found")] * 3
    assert (await client.as_role("viewer").get(f"/v1/alerts/{theirs}{path}")).status_code == 200


@pytest.mark.parametrize("path", ["", "/timeline", "/export.csv", "/counts"])
async def test_callers_without_the_scope_are_refused(client: ApiClient, session: Session, path: str) -> None:
    (alert_id,) = await raise_alerts(session)
    where = f"/v1/alerts{path}" if path.startswith(("/export", "/counts")) else f"/v1/alerts/{alert_id}{path}"

    refused = [(await caller.get(where)).status_code for caller in (client, client.as_role(scopes=["alerts:write"]))]

    assert refused == [401, 403]


async def test_cursor_of_another_alerts_timeline_is_refused(client: ApiClient, session: Session) -> None:
    first, second = await raise_alerts(session, "A", "B")
    await act(operator(client), first, "comments", text="so")
    viewer = client.as_role("viewer")
    cursor = (await viewer.get(f"/v1/alerts/{first}/timeline", params={"limit": 1})).json()["next_cursor"]

    answer = await viewer.get(f"/v1/alerts/{second}/timeline", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_addresses_beside_those_of_single_alerts_are_no_ids(client: ApiClient) -> None:
    viewer = client.as_role("viewer")

    answers = [await viewer.get("/v1/alerts/actions"), await viewer.get("/v1/alerts/7"), await viewer.post("/v1/alerts/counts")]

    assert [answer.status_code for answer in answers] == [405, 404, 405]
