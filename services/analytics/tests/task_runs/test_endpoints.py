"""/v1/monitoring/tasks: searching, pages, what failed, what was slow, counts and percentiles."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.analytics.tests.task_events.events import HOST, batch
from services.analytics.tests.task_runs.arrange import mail, write
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

PATH = "/v1/monitoring/tasks"
SECOND = timedelta(seconds=1)


async def ids(client: ApiClient, path: str = PATH, **query: Any) -> list[str]:
    answer = await client.as_role("viewer").get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_runs_are_found_by_whatever_is_known_of_them(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    now = clock()
    invoice, sent, dead = await write(
        session, clock, batch(now - 3 * SECOND, "done"), mail(now - 2 * SECOND, "done"), mail(now - SECOND, "failed")
    )

    searches: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, [dead, sent, invoice]),
        ({"name": "notifications.send_email"}, [dead, sent]),
        ({"state": ["failed", "retry"]}, [dead]),
        ({"state": "done"}, [sent, invoice]),
        ({"lane": "payments.normal"}, [invoice]),
        ({"worker": HOST}, [invoice]),
        ({"correlation_id": "order-7"}, [dead, sent, invoice]),
        ({"correlation_id": "order-8"}, []),
        ({"id": str(sent)}, [sent]),
        ({"since": (now - 2 * SECOND).isoformat()}, [dead, sent]),
        ({"until": (now - 2 * SECOND).isoformat()}, [invoice]),
    ]
    for query, expected in searches:
        assert await ids(client, **query) == [str(one) for one in expected], query
    assert await ids(client, f"{PATH}/failed") == [str(dead)]
    assert await ids(client, "/monitoring/tasks/failed") == [str(dead)]


async def test_a_run_shows_all_that_is_known_and_no_arguments(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    at = clock() - SECOND
    [run_id] = await write(session, clock, batch(at, "failed", uuid="01a227d6-ee89-76c0-8578-d90a03695f2e"))

    [shown] = (await client.as_role("viewer").get(PATH)).json()["items"]

    assert shown == {
        "id": str(run_id),
        "name": "payments.generate_invoice",
        "state": "failed",
        "lane": "payments.normal",
        "worker": HOST,
        "attempt": 1,
        "finished_at": at.isoformat().replace("+00:00", "Z"),
        "waited_s": 0.25,
        "ran_s": 0.5,
        "messages": 1,
        "delivery_id": "01a227d6-ee89-76c0-8578-d90a03695f2e",
        "correlation_id": "order-7",
        "error_class": "Permanent",
    }


@pytest.mark.parametrize("path", [PATH, f"{PATH}/slow"])
async def test_pages_show_every_run_once_even_where_many_ended_together(
    client: ApiClient, session: Session, clock: FrozenClock, path: str
) -> None:
    written = await write(session, clock, *(batch(clock() - SECOND, "done", "done", "done") for _ in range(4)))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 5}

    while True:
        page = (await client.as_role("viewer").get(path, params=query)).json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert sorted(seen) == sorted(str(one) for one in written)


async def test_slow_is_what_is_slow_for_its_task_or_beyond_a_threshold(
    client: ApiClient, session: Session, clock: FrozenClock
) -> None:
    at = clock() - SECOND
    usual = [batch(at, "done", ran_s=0.1) for _ in range(99)]
    *_, slow_mail, slow_invoice = await write(
        session,
        clock,
        *usual,
        *(mail(at, "done", ran_s=2.0) for _ in range(99)),
        mail(at, "done", ran_s=9.0),
        batch(at, "done", ran_s=1.5),
    )

    slow = f"{PATH}/slow"
    assert set(await ids(client, slow, percentile=99.5)) == {str(slow_mail), str(slow_invoice)}
    assert await ids(client, slow, threshold_s=5) == [str(slow_mail)]
    assert await ids(client, slow, threshold_s=0.5, name="payments.generate_invoice") == [str(slow_invoice)]


async def test_tasks_are_counted_by_what_became_of_them(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    now = clock()
    lost = {"type": "task-rejected", "uuid": "d-1"}
    await write(
        session,
        clock,
        batch(now, "done", "failed", ran_s=0.1),
        batch(now, "done", "retry", ran_s=0.2),
        {**batch(now), **lost},
        batch(now - timedelta(minutes=40), "done"),
    )

    status = (await client.as_role("viewer").get(f"{PATH}/status", params={"window": "15m"})).json()

    assert status["totals"] == {"done": 2, "dropped": 0, "retry": 1, "failed": 1, "lost": 1, "revoked": 0}
    [task] = status["items"]
    assert (task["name"], task["deliveries"], task["failed_share"]) == ("payments.generate_invoice", 2, 0.25)
    assert task["ran"]["p50_s"] == pytest.approx(0.1, rel=0.025)
    assert task["ran"]["p99_s"] == pytest.approx(0.2, rel=0.025)
    assert task["waited"]["p95_s"] == pytest.approx(0.25, rel=0.025)
    assert (status["heard_until"], status["gaps"]) == (now.isoformat().replace("+00:00", "Z"), [])
    whole_day = (await client.as_role("viewer").get(f"{PATH}/status", params={"window": "24h"})).json()
    assert whole_day["totals"]["done"] == 3


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (PATH, {"since": "2026-03-02T10:00:00Z", "until": "2026-03-02T09:00:00Z"}, "invalid_window"),
        (PATH, {"since": "yesterday"}, "invalid_request"),
        (PATH, {"state": "fine"}, "invalid_request"),
        (PATH, {"cursor": "made-up"}, "invalid_cursor"),
        (f"{PATH}/status", {"window": "2m"}, "invalid_request"),
        (f"{PATH}/slow", {"percentile": 100}, "invalid_request"),
        (f"{PATH}/slow", {"threshold_s": 0}, "invalid_request"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    client: ApiClient, path: str, query: dict[str, str], code: str
) -> None:
    answer = await client.as_role("viewer").get(path, params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_what_is_no_id_is_not_found_and_what_is_only_posted_to_is_not_read(client: ApiClient) -> None:
    answers = [await client.as_role("viewer").get(f"{PATH}/{last}") for last in ("not-an-id", "control")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "not_found"), (405, "method_not_allowed")]


async def test_the_work_of_all_organizations_is_for_callers_who_belong_to_none(client: ApiClient) -> None:
    tenant = client.as_role("admin", organization_id=UUID(int=7))
    foreign = client.as_role(scopes=["payments:read"])

    for prefix in ("/v1/monitoring", "/monitoring"):
        for path in ("/tasks", "/health", "/queues", "/workers", "/schedules", "/metrics/realtime", "/dashboard"):
            statuses = [(await caller.get(prefix + path)).status_code for caller in (client, tenant, foreign)]
            assert statuses == [401, 403, 403], prefix + path
