"""POST /v1/alerts/actions."""

from datetime import timedelta
from typing import Any

import pytest

from services.alerts.alerts import actions
from services.alerts.tests.alerts.acting import (
    ADA,
    BEN,
    act,
    act_on_many,
    add_alerts,
    assert_timeline_tells_all,
    kinds,
    operator,
    raise_alerts,
    revise,
    status_of,
)
from services.alerts.tests.arrange import THEIRS, have, line, rows
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import CancelMessages
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient


async def test_each_id_has_its_own_outcome(client: ApiClient, session: Session) -> None:
    fresh, mine, others, done = await raise_alerts(session, "A", "B", "C", "D")
    (theirs,) = await raise_alerts(session, "E", organization_id=THEIRS)
    unknown = uuid7()
    await act(operator(client), mine, "acknowledge")
    await act(operator(client, BEN), others, "acknowledge")
    await act(operator(client), done, "resolve")

    ids = [str(one) for one in (done, unknown, theirs, others, mine, fresh, fresh)]
    answer = await act_on_many(operator(client), "acknowledge", ids=ids, reason="all mine")

    outcome = answer.json()
    assert answer.status_code == 200
    assert (outcome["changed"], outcome["unchanged"]) == ([str(fresh)], [str(mine)])
    assert [(one["id"], one["code"]) for one in outcome["refused"]] == [
        (str(others), "acknowledged_by_other"),
        (str(done), "action_not_possible"),
    ]
    assert outcome["not_found"] == sorted([str(unknown), str(theirs)])
    assert await kinds(session, theirs) == ["raised"]
    query = "SELECT actor, reason FROM alert_timeline WHERE alert_id = :id AND kind = 'acknowledged'"
    assert await rows(session, query, id=fresh) == [(ADA, "all mine")]
    await assert_timeline_tells_all(session)


async def test_filter_means_what_the_list_shows_for_it(client: ApiClient, session: Session) -> None:
    ours = await raise_alerts(session, "A", "B")
    (other,) = await raise_alerts(session, "C", customer="Suedwind AG")
    (theirs,) = await raise_alerts(session, "D", organization_id=THEIRS)
    await act(operator(client), ours[0], "resolve")
    wanted = {"customer": "Nordlicht Handels GmbH", "status": ["open", "acknowledged"]}

    shown = (await operator(client).get("/v1/alerts", params=wanted)).json()["items"]
    outcome = (await act_on_many(operator(client), "acknowledge", filter=wanted)).json()

    assert outcome == {"changed": [shown[0]["id"]], "unchanged": [], "refused": [], "not_found": []}
    assert shown[0]["id"] == str(ours[1])
    assert [await status_of(session, one) for one in (other, theirs)] == ["open", "open"]


async def test_doing_it_twice_changes_nothing_more(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    ids = [str(one) for one in await raise_alerts(session, "A", "B")]
    until = (clock() + timedelta(days=3)).isoformat()

    outcomes = [(await act_on_many(operator(client), "snooze", ids=ids, until=until)).json() for _ in range(2)]

    assert [(outcome["changed"], outcome["unchanged"]) for outcome in outcomes] == [(sorted(ids), []), ([], sorted(ids))]
    await assert_timeline_tells_all(session)


async def test_resolving_many_cancels_their_mails(client: ApiClient, session: Session, run_task: TaskRunner) -> None:
    ids = [str(one) for one in await raise_alerts(session, "A", "B", "C")]
    await run_task(QueuePendingEmails())

    await act_on_many(operator(client), "resolve", ids=ids[:2])

    cancelled = {one.subject_key for one in await published(session, CancelMessages)}
    mails = "SELECT email_id FROM alert_email_items WHERE alert_id = ANY (CAST(:ids AS uuid[]))"
    assert cancelled == {f"alerts.email:{row[0]}" for row in await rows(session, mails, ids=ids[:2])}


async def test_reopening_many_leaves_out_what_was_overtaken(client: ApiClient, session: Session) -> None:
    still, revised, released = await raise_alerts(session, "A", "B", "C")
    await act(operator(client), still, "resolve")
    await revise(session, "B")
    await have(session, line(reference="C", status="released"))

    outcome = (await act_on_many(operator(client), "reopen", filter={"status": ["resolved"]})).json()

    assert outcome["changed"] == [str(still)]
    assert [(one["id"], one["code"]) for one in outcome["refused"]] == [
        (str(revised), "eta_superseded"),
        (str(released), "shipment_not_watched"),
    ]


async def test_filter_that_means_too_many_changes_nothing(
    client: ApiClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_BY_FILTER", 2)
    ids = await raise_alerts(session, "A", "B", "C")

    refused = await act_on_many(operator(client), "resolve", filter={"status": ["open"]})
    narrower = await act_on_many(operator(client), "resolve", filter={"shipment_id": str(uuid7())})

    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_alerts")
    assert (narrower.status_code, narrower.json()["changed"]) == (200, [])
    assert [await status_of(session, one) for one in ids] == ["open"] * 3


async def test_thousand_ids_are_one_request(client: ApiClient, session: Session) -> None:
    ids = [str(one) for one in await add_alerts(session, 1000)]

    outcome = (await act_on_many(operator(client), "resolve", ids=ids)).json()

    assert outcome["changed"] == sorted(ids)
    await assert_timeline_tells_all(session)


ID = str(uuid7())


@pytest.mark.parametrize(
    "body",
    [
        {"action": "resolve"},
        {"action": "resolve", "ids": []},
        {"action": "resolve", "ids": [ID] * 1001},
        {"action": "resolve", "ids": [ID], "filter": {"status": ["open"]}},
        {"action": "resolve", "ids": ["7"]},
        {"action": "resolve", "filter": {}},
        {"action": "resolve", "filter": {"status": ["lost"]}},
        {"action": "resolve", "filter": {"colour": "red"}},
        {"action": "resolve", "filter": {"raised_from": "2026-03-02", "raised_to": "2026-03-01"}},
        {"action": "resolve", "filter": {"step": 10**30}},
        {"action": "resolve", "ids": [ID], "until": "2026-03-03T00:00:00Z"},
        {"action": "snooze", "ids": [ID]},
        {"action": "delete", "ids": [ID]},
        {"action": "resolve", "ids": [ID], "reason": "\x00"},
    ],
)
async def test_actions_that_mean_nothing_are_refused(client: ApiClient, session: Session, body: dict[str, Any]) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await operator(client).post("/v1/alerts/actions", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await kinds(session, alert_id) == ["raised"]


async def test_customer_with_a_nul_is_refused(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session)

    answer = await act_on_many(operator(client), "resolve", filter={"customer": "a\x00"})

    assert answer.status_code == 422
    assert await kinds(session, alert_id) == ["raised"]


async def test_unbound_operator_names_whose_alerts_are_meant(client: ApiClient, session: Session) -> None:
    (ours,), (theirs,) = await raise_alerts(session), await raise_alerts(session, organization_id=THEIRS)
    anybody = operator(client, organization_id=None)
    body = {"action": "resolve", "filter": {"status": ["open"]}}

    unnamed = await anybody.post("/v1/alerts/actions", json=body)
    named = await anybody.post("/v1/alerts/actions", json=body, params={"organization_id": str(THEIRS)})

    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "organization_missing")
    assert named.json()["changed"] == [str(theirs)]
    assert await status_of(session, ours) == "open"
