"""The hand on the task system, over owners of which one answers, one is away, and three are not known."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.messages import outbox_of
from shared.testing.service import ApiClient

pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("served")]
PATH: Final = "/v1/monitoring"
MAIL: Final = {"to_email": "ann@example.com", "subject": "Hello", "body": "It works."}


async def post(client: ApiClient, path: str, body: dict[str, Any], key: UUID | None = None) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"{PATH}{path}", json=body, headers={"Idempotency-Key": str(key or uuid4())})
    return answer.status_code, answer.json()


async def test_any_contract_is_scheduled_once_per_key_and_validated(
    client: ApiClient, database: Database, clock: FrozenClock
) -> None:
    admin, key = client.as_role("admin"), uuid4()
    asked = {"task_name": "notifications.send_email", "kwargs": MAIL, "countdown": 90, "lane": "notifications.bulk"}

    (status, first), (_, again) = [await post(admin, "/tasks/schedule", asked, key) for _ in range(2)]

    assert (status, first) == (202, again)
    [sent] = [one for one in await outbox_of(database) if one.name == "notifications.send_email"]
    assert (str(sent.id), sent.lanes, sent.due_at) == (
        first["message_id"],
        ("notifications.bulk",),
        clock() + timedelta(seconds=90),
    )
    due_at = (clock() + timedelta(days=1)).isoformat()
    by_position = {"task_name": "analytics.check_system_health", "args": [due_at], "due_at": due_at}
    assert (await post(admin, "/tasks/schedule", by_position))[0] == 202


@pytest.mark.parametrize(
    ("fields", "status", "code", "says"),
    [
        ({"task_name": "notifications.send_emali"}, 404, "unknown_task", "no contract is called notifications.send_emali"),
        ({"kwargs": MAIL | {"to_email": "nobody"}}, 422, "invalid_request", ""),
        ({"kwargs": MAIL | {"bodi": "x"}}, 422, "task_unusable", "notifications.send_email has no field bodi"),
        (
            {"args": [None], "kwargs": {"valid_until": None}},
            422,
            "task_unusable",
            "valid_until is given both by position and by name",
        ),
        ({"kwargs": MAIL, "lane": "trips.normal"}, 422, "task_unusable", "does not travel on trips.normal"),
        ({"kwargs": MAIL, "countdown": 1, "due_at": "2026-11-30T00:00:00Z"}, 422, "task_unusable", "both countdown and due_at"),
        ({"kwargs": MAIL, "due_at": "9999-12-31T23:59:59Z"}, 422, "task_unusable", "more than 366 days ahead"),
    ],
)
async def test_what_cannot_be_scheduled_is_refused_with_what_is_wrong(
    client: ApiClient, database: Database, fields: dict[str, Any], status: int, code: str, says: str
) -> None:
    found, problem = await post(client.as_role("admin"), "/tasks/schedule", {"task_name": "notifications.send_email"} | fields)

    assert (found, problem["code"]) == (status, code), problem
    assert says in problem["detail"]
    assert [one for one in await outbox_of(database) if one.name == "notifications.send_email"] == []


async def test_a_message_is_cancelled_and_brought_back_and_what_is_done_is_not(client: ApiClient, database: Database) -> None:
    admin = client.as_role("admin", subject="user:ann")
    _, sent = await post(admin, "/tasks/schedule", {"task_name": "notifications.send_email", "kwargs": MAIL, "countdown": 3600})
    cancel = {"action": "cancel", "message_id": sent["message_id"], "reason": "sent to the wrong person"}

    status, done = await post(admin, "/tasks/control", cancel)
    assert (status, [(part["service"], part["outbox"]) for part in done["parts"]]) == (200, [("analytics", 1)])
    status, problem = await post(admin, "/tasks/control", cancel)
    assert (status, problem["code"], problem["owner_code"]) == (409, "owner_refused", "message_not_waiting")

    undo = {"action": "undo", "undo_id": done["parts"][0]["undo_id"], "reason": "it was right"}
    assert (await post(admin, "/tasks/control", undo))[0] == 200
    async with database.read() as session:
        lines = await session.execute(text("SELECT actor, action FROM operations_audit ORDER BY id"))
        assert [tuple(line) for line in lines] == [
            ("user:ann", "task.schedule"),
            ("user:ann by service:analytics", "message.cancel"),
            ("user:ann by service:analytics", "undo"),
        ]

    finished = uuid4()
    async with database.unit_of_work() as session:
        insert = """INSERT INTO inbox (id, name, lane, state, attempt, occurred_at, finished_at)
                    VALUES (:id, 'x', :lane, 0, 1, now(), now())"""
        await session.execute(text(insert), {"id": finished, "lane": "analytics.normal"})
    status, problem = await post(admin, "/tasks/control", {**cancel, "message_id": str(finished)})
    assert (status, problem["state"]) == (409, "done")
    assert "nothing of it waits any more" in problem["detail"]
    # Nobody who answers knows of it, and those who are away may.
    assert (await post(admin, "/tasks/control", {**cancel, "message_id": str(uuid4())}))[1]["code"] == "owner_away"


async def test_a_lane_is_purged_with_an_undo_and_says_who_was_away(client: ApiClient, database: Database) -> None:
    admin = client.as_role("admin")
    await post(admin, "/tasks/schedule", {"task_name": "notifications.send_email", "kwargs": MAIL, "lane": "notifications.bulk"})
    purge = {"action": "purge", "lane": "notifications.bulk", "reason": "a campaign with the wrong text"}

    _, counted = await post(admin, "/tasks/control", {**purge, "dry_run": True})
    _, done = await post(admin, "/tasks/control", purge)

    for answer, undone in ((counted, False), (done, True)):
        parts = {part["service"]: part for part in answer["parts"]}
        assert (answer["is_complete"], parts["analytics"]["outbox"]) == (False, 1)
        assert (parts["analytics"]["undo_id"] is not None) == undone
        assert parts["payments"]["problem"] == "payments does not answer (ConnectError)"
    assert (await post(admin, "/tasks/control", {**purge, "action": "pause", "dry_run": True}))[0] == 422
    pause = {"action": "pause", "lane": "notifications.bulk", "reason": "the provider is down"}
    _, paused = await post(admin, "/tasks/control", pause)
    assert [part["service"] for part in paused["parts"] if part["problem"] is None] == ["analytics"]
    async with database.read() as session:
        assert (await session.execute(text("SELECT lane FROM lane_pauses"))).scalars().all() == ["notifications.bulk"]

    status, problem = await post(admin, "/tasks/control", {**purge, "lane": "celery"})
    assert (status, problem["code"]) == (404, "unknown_lane")


async def test_rates_and_pools_are_set_where_they_belong_once_per_key_and_audited(client: ApiClient, database: Database) -> None:
    admin, key = client.as_role("admin", subject="user:ann"), uuid4()
    rate = {"action": "rate_limit", "lane": "notifications.bulk", "per_s": 20, "reason": "the provider is slow today"}
    pool = {"action": "pool_size", "lane": "analytics.batch", "size": 3, "reason": "reports of the year"}

    (_, limited), (_, again) = [await post(admin, "/tasks/control", rate, key) for _ in range(2)]
    status, sized = await post(admin, "/tasks/control", pool)

    assert limited == again
    assert [part["service"] for part in limited["parts"] if part["problem"] is None] == ["analytics"]
    assert (status, sized["is_complete"], [part["service"] for part in sized["parts"]]) == (200, True, ["analytics"])
    async with database.read() as session:
        assert (await session.execute(text("SELECT lane, per_s FROM lane_limits"))).all() == [("notifications.bulk", 20.0)]
        assert (await session.execute(text("SELECT lane, size FROM lane_pools"))).all() == [("analytics.batch", 3)]
        lines = await session.execute(text("SELECT actor, action FROM operations_audit ORDER BY id"))
        assert [tuple(line) for line in lines] == [
            ("user:ann by service:analytics", "lane.limit_rate"),
            ("user:ann by service:analytics", "lane.size_pool"),
        ]

    for body, status, code in (
        ({**pool, "size": 0}, 422, "invalid_request"),
        ({**rate, "per_s": -1}, 422, "invalid_request"),
        ({**pool, "lane": "celery"}, 404, "unknown_lane"),
        ({**pool, "lane": "payments.batch"}, 503, "owner_away"),
    ):
        found, problem = await post(admin, "/tasks/control", body)
        assert (found, problem["code"]) == (status, code)


async def test_only_administrators_of_no_single_organization_have_a_hand_on_it(client: ApiClient) -> None:
    pause = {"action": "pause", "lane": "notifications.bulk", "reason": "curiosity"}
    asked = {"/tasks/control": pause, "/tasks/schedule": {"task_name": "x"}, "/dead-letters/replay": {"note": "why"}}
    for somebody in (client.as_role("viewer"), client.as_role("operator"), client.as_role("admin", organization_id=uuid4())):
        for path, body in asked.items():
            assert (await post(somebody, path, body))[0] == 403
    answer = await client.as_role("admin").post(f"{PATH}/tasks/control", json=pause)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def letter(database: Database, letter_id: UUID, message_id: UUID) -> None:
    insert = text("""
        WITH row AS (INSERT INTO inbox (id, name, lane, state, attempt, occurred_at)
                     VALUES (:message_id, :name, :lane, 6, 3, now()))
        INSERT INTO dead_letters (id, message_id, reason, name, lane, body, attempts, fingerprint)
        VALUES (:id, :message_id, 'retries_used_up', :name, :lane, '{}', 3, 'f1')
    """)
    bound = {"id": letter_id, "message_id": message_id, "name": "analytics.check_system_health", "lane": "analytics.critical"}
    async with database.unit_of_work() as session:
        await session.execute(insert, bound)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("replay", {"note": "the provider is back"}),
        ("replay-edited", {"note": "mended", "body": {"slot": None}}),
        ("discard", {"note": "a test"}),
    ],
)
async def test_letter_of_a_service_that_there_is_not_is_not_known(client: ApiClient, verb: str, body: dict[str, Any]) -> None:
    status, said = await post(client.as_role("admin"), f"/dead-letters/payment/{uuid4()}/{verb}", body)

    assert (status, said["code"]) == (404, "not_known")
    assert "choose from alerts, notifications, payments" in said["detail"]


async def test_dead_letters_of_all_services_are_one_list_and_settled_once(client: ApiClient, database: Database) -> None:
    admin, first, second, third = client.as_role("admin", subject="user:ann"), uuid4(), uuid4(), uuid4()
    for one in (first, second, third):
        await letter(database, one, uuid4())

    listed = (await client.as_role("viewer").get(f"{PATH}/dead-letters")).json()
    assert [(one["service"], one["fingerprint"], one["letters"]) for one in listed["items"]] == [("analytics", "f1", 3)]
    assert (listed["open"], listed["is_complete"], len(listed["unknown"])) == (3, False, 4)

    path, note = f"/dead-letters/analytics/{first}/replay", {"note": "the provider is back"}
    (status, done), (_, again) = [await post(admin, path, note) for _ in range(2)]
    assert (status, done["status"]) == (200, "replayed")
    assert (again["status"], again["owner_code"]) == (409, "dead_letter_settled")
    assert "replayed by user:ann by service:analytics" in again["detail"]

    edited = f"/dead-letters/analytics/{second}/replay-edited"
    wrong = await post(admin, edited, {"note": "mended", "body": {"slot": "yesterday"}})
    assert (wrong[0], wrong[1]["owner_code"], wrong[1]["errors"][0]["pointer"]) == (409, "invalid_request", "#/body/slot")
    assert (await post(admin, edited, {"note": "mended", "body": {"slot": None}}))[1]["message_id"] is not None

    many = {"note": "a load test", "fingerprint": "f1", "services": ["analytics"]}
    _, counted = await post(admin, "/dead-letters/discard", {**many, "dry_run": True})
    _, gone = await post(admin, "/dead-letters/discard", many)
    assert [(one["matched"], one["settled"], one["left"]) for one in (counted, gone)] == [(1, 0, 1), (1, 1, 0)]
    assert (gone["is_complete"], (await post(admin, "/dead-letters/discard", {"note": "all"}))[0]) == (True, 422)
    assert (await post(admin, f"/dead-letters/analytics/{uuid4()}/discard", note))[0] == 404
