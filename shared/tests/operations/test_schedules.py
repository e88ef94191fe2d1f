"""Schedules: list, pause, resume, run, other times. The clock stands at Monday, 2026-03-02 09:00 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from fastapi import FastAPI

from shared.contracts.alerts import EvaluateShipments, QueuePendingEmails
from shared.runtime.db import Session
from shared.runtime.operations.schedules.endpoints import entries
from shared.runtime.schedule import Entry, fire_due_slots
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Query, Snapshot

SCHEDULES: Final = "/v1/operations/schedules"
WHY: Final = {"reason": "month end"}
ENTRIES: Final = (
    Entry(name="evaluate-daily", crontab="0 6 * * *", message=EvaluateShipments(), timezone="Asia/Kolkata", catch_up="all"),
    Entry(name="queue-emails", crontab="*/10 * * * *", message=QueuePendingEmails(), catch_up="all"),
)


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    app.dependency_overrides[entries] = lambda: ENTRIES
    return app


async def shown(client: ApiClient, name: str = "queue-emails") -> dict[str, object]:
    items = (await client.get(SCHEDULES)).json()["items"]
    found: dict[str, object] = next(item for item in items if item["name"] == name)
    return found


async def test_entries_are_shown_with_their_times(viewer: ApiClient) -> None:
    assert await shown(viewer, "evaluate-daily") == {
        "name": "evaluate-daily",
        "message": "alerts.evaluate_shipments",
        "crontab": "0 6 * * *",
        "code_crontab": "0 6 * * *",
        "timezone": "Asia/Kolkata",
        "catch_up": "all",
        "paused": False,
        "last_slot": None,
        "last_fired_at": None,
        "next_slot": "2026-03-03T00:30:00Z",
        "missed": 0,
        "updated_at": None,
        "updated_by": None,
    }


async def test_slots_of_a_pause_are_missed_and_do_not_fire_afterwards(
    admin: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await admin.post(f"{SCHEDULES}/queue-emails/pause", json=WHY)
    assert ((await shown(admin))["paused"], (await shown(admin))["next_slot"]) == (True, None)
    now = clock.advance(timedelta(minutes=35))

    assert (await admin.post(f"{SCHEDULES}/queue-emails/resume", json=WHY)).status_code == 204

    assert await fire_due_slots(session, ENTRIES, now) == 0
    view = await shown(admin)
    assert (view["paused"], view["missed"], view["next_slot"]) == (False, 3, "2026-03-02T09:40:00Z")
    await assert_nothing_published(session)


async def test_slots_due_before_a_pause_still_fire(admin: ApiClient, session: Session, clock: FrozenClock) -> None:
    await fire_due_slots(session, ENTRIES, clock())
    clock.advance(timedelta(minutes=25))

    await admin.post(f"{SCHEDULES}/queue-emails/pause", json=WHY)

    assert len(await published(session, QueuePendingEmails)) == 2


async def test_entry_fires_by_hand_once_a_second_and_besides_its_slots(
    admin: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await admin.post(f"{SCHEDULES}/evaluate-daily/pause", json=WHY)

    first, again = [(await admin.post(f"{SCHEDULES}/evaluate-daily/run", json=WHY)).json() for _ in range(2)]

    assert first == again == {"message_id": first["message_id"], "slot": "2026-03-02T09:00:00Z"}
    await assert_published(session, EvaluateShipments, as_of=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    clock.advance(timedelta(seconds=1))
    await admin.post(f"{SCHEDULES}/evaluate-daily/run", json=WHY)
    assert len(await published(session, EvaluateShipments)) == 2


async def test_other_times_hold_from_now_on_and_null_returns_to_the_codes(
    admin: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await fire_due_slots(session, ENTRIES, clock() - timedelta(hours=3))
    url = f"{SCHEDULES}/evaluate-daily"

    changed = await admin.put(url, json={**WHY, "crontab": "*/5 * * * *"})

    assert changed.status_code == 204
    assert await fire_due_slots(session, ENTRIES[:1], clock() + timedelta(minutes=4)) == 0
    view = await shown(admin, "evaluate-daily")
    assert (view["crontab"], view["code_crontab"], view["updated_by"]) == ("*/5 * * * *", "0 6 * * *", "user:ann")
    assert view["next_slot"] == "2026-03-02T09:05:00Z"
    await admin.put(url, json={**WHY, "crontab": None})
    assert (await shown(admin, "evaluate-daily"))["crontab"] == "0 6 * * *"


@pytest.mark.parametrize(
    "crontab", ["* * * *", "* * * * * *", "61 * * * *", "@daily", "", "0 0 30 2 *", "R * * * *", "R(0-9) 3 * * *"]
)
async def test_crontab_that_is_none_is_refused(crontab: str, admin: ApiClient, snapshot: Snapshot) -> None:
    before = await snapshot()

    answer = await admin.put(f"{SCHEDULES}/queue-emails", json={**WHY, "crontab": crontab})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_crontab")
    assert await snapshot() == before


@pytest.mark.parametrize("crontab", ["0 3 29 2 *", "*/15 8-18 * * mon-fri", "0 0 L * *", "30 6 * mar,apr *"])
async def test_rare_and_spelt_out_times_are_taken(crontab: str, admin: ApiClient) -> None:
    answer = await admin.put(f"{SCHEDULES}/queue-emails", json={**WHY, "crontab": crontab})

    assert (answer.status_code, (await shown(admin))["crontab"]) == (204, crontab)


async def test_unknown_entry_is_not_found(admin: ApiClient, snapshot: Snapshot) -> None:
    before = await snapshot()
    answers = [await admin.post(f"{SCHEDULES}/nothing/{verb}", json=WHY) for verb in ("pause", "resume", "run")]
    answers.append(await admin.put(f"{SCHEDULES}/nothing", json={**WHY, "crontab": None}))

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "schedule_not_found")] * 4
    assert await snapshot() == before


async def test_every_change_is_in_the_audit(admin: ApiClient, query: Query) -> None:
    for verb in ("pause", "resume", "run"):
        await admin.post(f"{SCHEDULES}/queue-emails/{verb}", json=WHY)
    await admin.put(f"{SCHEDULES}/queue-emails", json={**WHY, "crontab": "0 * * * *"})

    lines = await query("SELECT actor, action, target, reason FROM operations_audit ORDER BY id")
    actions = ("schedule.pause", "schedule.resume", "schedule.run", "schedule.set_crontab")
    assert lines == [
        {"actor": "user:ann", "action": action, "target": "queue-emails", "reason": "month end"} for action in actions
    ]
