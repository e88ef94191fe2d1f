"""/v1/evaluations."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.alerts.tests.arrange import OURS, THEIRS, have, line, rows
from shared.contracts.alerts import EvaluateShipments
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published
from shared.testing.service import ApiClient


async def test_run_is_asked_for_and_found_where_the_answer_said(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await have(session, line(current_eta="2026-03-01"))
    operator = client.as_role("operator")

    answer = await operator.post("/v1/evaluations")
    message_id, where = UUID(answer.json()["message_id"]), answer.headers["Location"]
    before = (await operator.get(where)).json()
    message = await assert_published(session, EvaluateShipments, as_of=clock())
    await run_task.run([message], ids=[message_id], occurred_at=clock())
    after = (await operator.get(where)).json()

    assert (answer.status_code, before["id"], before["as_of"]) == (202, str(message_id), "2026-03-02")
    assert [before[name] for name in ("state", "started_at", "shipments", "raised")] == ["requested", None, 0, 0]
    assert [after[name] for name in ("state", "shipments", "raised", "chunks", "starts")] == ["finished", 1, 1, 1, 1]
    assert after["started_at"] < after["progressed_at"] < after["finished_at"]
    assert (await operator.get(f"{where}/chunks")).json()["items"][0]["raised"] == 1
    assert [one["id"] for one in (await operator.get("/v1/evaluations")).json()["items"]] == [str(message_id)]


async def test_unknown_run_is_not_found(client: ApiClient) -> None:
    answer = await client.as_role("viewer").get(f"/v1/evaluations/{UUID(int=7)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


async def test_earlier_day_may_be_named(client: ApiClient, session: Session) -> None:
    answer = await client.as_role("operator").post("/v1/evaluations", json={"as_of": "2026-02-27T23:00:00-02:00"})

    assert answer.status_code == 202
    await assert_published(session, EvaluateShipments, as_of=datetime(2026, 2, 28, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"as_of": "2026-03-03T00:00:00Z"}, "day_not_evaluable"),
        ({"as_of": "0001-01-01T00:00:00Z"}, "day_not_evaluable"),
        ({"as_of": "2026-03-01T00:00:00"}, "invalid_request"),
        ({"asof": "2026-03-01T00:00:00Z"}, "invalid_request"),
        ({"as_of": "yesterday"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_evaluated_is_refused(client: ApiClient, session: Session, body: dict[str, str], code: str) -> None:
    answer = await client.as_role("operator").post("/v1/evaluations", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    await assert_nothing_published(session)
    assert await rows(session, "SELECT id FROM evaluation_runs") == []


async def test_one_shipment_is_evaluated_at_once_and_explained(client: ApiClient, session: Session) -> None:
    await have(session, line(current_eta="2026-02-27"))
    ((shipment_id,),) = await rows(session, "SELECT id FROM shipments")
    path = f"/v1/shipments/{shipment_id}/evaluation"
    ours = client.as_role("operator", organization_id=OURS)

    foreign = await client.as_role("operator", organization_id=THEIRS).post(path)
    first, again = [(await ours.post(path)).json() for _ in range(2)]
    earlier = (await ours.post(path, json={"as_of": "2026-02-28T12:00:00Z"})).json()

    assert (foreign.status_code, foreign.json()["code"]) == (404, "shipment_not_found")
    assert (first["outcome"], first["step"], first["severity"]) == ("raised", 2, "warning")
    assert (again["outcome"], again["alert_id"]) == ("already_raised", None)
    assert (earlier["outcome"], earlier["step"]) == ("already_raised", 1)
    assert await rows(session, "SELECT count(*) FROM alerts") == [(1,)]
