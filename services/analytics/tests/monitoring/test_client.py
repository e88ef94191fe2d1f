"""The Python client, over a socket, as a script uses it."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from shared.client import Connection, TaskManager, TaskScheduler, WaybillError
from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.http_server import url_of
from shared.testing.tokens import SigningKeys

MAIL = {"to_email": "ann@example.com", "subject": "Hello", "body": "It works."}
# The database decides what is due, and knows no other clock than its own.
LATER = datetime.now(UTC) + timedelta(hours=1)
pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("served")]


def script(url: str, token: str) -> None:
    connection = Connection(url, token)
    manager, scheduler = TaskManager(connection), TaskScheduler(connection)
    first, again = (
        scheduler.schedule_task("notifications.send_email", kwargs=MAIL, due_at=LATER, lane="notifications.bulk", key="one")
        for _ in range(2)
    )
    assert first == again
    [queue] = manager.get_queue_status("notifications.bulk")
    assert queue["delayed"] == 1
    story = manager.get_task_status(first["message_id"])
    assert story["id"] == first["message_id"]

    assert manager.cancel_task(first["message_id"])["parts"][0]["outbox"] == 1
    with pytest.raises(WaybillError, match="it is cancelled already") as refused:
        manager.cancel_task(first["message_id"])
    assert (refused.value.status, refused.value.code) == (409, "owner_refused")
    with pytest.raises(WaybillError, match="no contract is called"):
        scheduler.schedule_task("notifications.send_emali")
    with pytest.raises(ValueError, match="no time zone"):
        scheduler.schedule_task("notifications.send_email", due_at=datetime(2026, 3, 2))  # noqa: DTZ001 — that is refused.
    with pytest.raises(ValueError, match="there is no lane called celery"):
        manager.get_queue_status("celery")
    connection.close()


def lane_settings(url: str, token: str) -> None:
    connection = Connection(url, token)
    manager = TaskManager(connection)
    limited = manager.set_rate_limit("notifications.bulk", 20, reason="the provider is slow today")
    assert [part["service"] for part in limited["parts"] if part["problem"] is None] == ["analytics"]
    assert manager.set_pool_size("analytics.batch", 3)["is_complete"]
    assert manager.set_pool_size("analytics.normal", 2)["is_complete"]
    assert manager.set_pool_size("analytics.normal", None)["is_complete"]
    with pytest.raises(WaybillError, match="no service of ours has a lane called celery") as refused:
        manager.set_rate_limit("celery", None)
    assert refused.value.code == "unknown_lane"
    with pytest.raises(WaybillError) as invalid:
        manager.set_pool_size("analytics.batch", 0)
    assert invalid.value.code == "invalid_request"
    connection.close()


async def test_a_script_sets_how_fast_a_queue_goes_and_takes_it_back(
    listener: socket.socket, signing_keys: SigningKeys, database: Database
) -> None:
    await asyncio.to_thread(lane_settings, url_of(listener), signing_keys.token("admin"))

    async with database.read() as session:
        assert (await session.execute(text("SELECT lane, per_s FROM lane_limits"))).all() == [("notifications.bulk", 20.0)]
        assert (await session.execute(text("SELECT lane, size FROM lane_pools"))).all() == [("analytics.batch", 3)]


async def test_a_script_schedules_asks_and_cancels(
    listener: socket.socket, signing_keys: SigningKeys, clock: FrozenClock
) -> None:
    clock.set(LATER - timedelta(hours=1))
    await asyncio.to_thread(script, url_of(listener), signing_keys.token("admin"))


def test_what_is_missing_or_away_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYBILL_TOKEN", raising=False)
    with pytest.raises(WaybillError, match="set WAYBILL_TOKEN"):
        TaskManager(Connection()).get_queue_status()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = url_of(closed)
    with pytest.raises(WaybillError, match=r"does not answer \(ConnectError\)"):
        TaskScheduler(Connection(url, "token")).schedule_task("x")
