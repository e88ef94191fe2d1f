"""A service's API in the test's own process, its tokens, and its real processes."""

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import psutil
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI, Security
from redis.asyncio import Redis

from shared.contracts.notifications import SendEmail
from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.db import Database, Session
from shared.runtime.http.app import create_app
from shared.runtime.http.session import WriteDb
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.runtime.wire import Parcel, envelopes
from shared.testing.clock import FrozenClock
from shared.testing.database import FreshDatabase
from shared.testing.messages import assert_published
from shared.testing.process import ChildEnded, Processes
from shared.testing.service import ApiClient, started
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

ORGANIZATION = UUID(int=5)


@pytest.fixture
def service() -> str:
    return "alerts"


@pytest_asyncio.fixture
async def app(settings: HttpSettings, app_database: Database, clock: FrozenClock) -> AsyncIterator[FastAPI]:
    router = APIRouter()

    @router.post("/v1/who")
    async def tell(principal: Annotated[Principal, Security(require("alerts:read"))], db: WriteDb) -> dict[str, str]:
        """Says who asks, and mails it."""
        publish(db, SendEmail(to_email="a@example.com", subject=principal.id, body="asked"))
        return {"id": principal.id, "organization_id": str(principal.organization_id)}

    application = create_app(settings, [router])
    async with started(application, settings, app_database, clock):
        yield application


async def test_role_reaches_the_endpoint_and_its_unit_of_work_joins_the_test(client: ApiClient, session: Session) -> None:
    answer = await client.as_role("viewer", organization_id=ORGANIZATION, subject="user:7").post("/v1/who")

    assert (answer.status_code, answer.json()) == (200, {"id": "user:7", "organization_id": str(ORGANIZATION)})
    await assert_published(session, SendEmail, subject="user:7")


async def test_anonymous_caller_is_refused(client: ApiClient) -> None:
    answer = await client.post("/v1/who")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_service_is_ready_on_the_database_and_broker_of_the_test(client: ApiClient) -> None:
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


async def test_api_process_serves_the_test_database_and_ends_with_sigterm(processes: Processes) -> None:
    api = processes.api("alerts")
    await api.ready()

    # Uvicorn shuts down in order and then lets the signal have its way.
    assert api.stop() == -signal.SIGTERM
    assert not psutil.pid_exists(api.pid)


async def test_relay_process_can_be_killed_and_started_again(processes: Processes, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    relay = processes.relay("alerts", HEARTBEAT_FILE=str(heartbeat))
    await relay.ready()
    heartbeat.unlink()
    await eventually(heartbeat.exists, 5, "it beats once and no more")

    relay.kill9()
    assert relay.exit_code == -signal.SIGKILL
    relay.restart()
    await relay.ready()

    assert relay.stop() == 0


async def test_process_that_ends_at_its_start_says_why(processes: Processes) -> None:
    api = processes.api("alerts", DATABASE_URL="mysql://nowhere")

    with pytest.raises(ChildEnded, match=r"alerts-api-1 ended with code \d+(.|\n)*DATABASE_URL must be a URL like postgresql://"):
        await api.ready()


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # It can go between any two looks at it.
        return False


async def test_worker_child_and_main_can_be_killed_one_by_one(processes: Processes) -> None:
    worker = processes.worker("alerts", "--concurrency", "2", app="shared.tests.testing.sample_worker")
    await worker.ready()
    children = {child.pid for child in worker.child.children()}

    killed = worker.kill_child()
    await eventually(lambda: not lives(killed), message="the child lives")
    assert (killed in children, worker.exit_code) == (True, None)
    worker.kill9()
    assert worker.exit_code == -signal.SIGKILL


async def send_note(redis: Redis) -> None:
    parcel = Parcel(uuid7(), "alerts.note_it", "sample", None, datetime.now(UTC), 1, "note", "", "{}")
    for lane, envelope, _ in envelopes([parcel], {}):
        await redis.lpush(lane, envelope)


async def test_paused_worker_does_nothing_until_it_is_resumed(processes: Processes, redis: Redis) -> None:
    worker = processes.worker("alerts", app="shared.tests.testing.sample_worker")
    await worker.ready()

    worker.pause()
    await send_note(redis)
    with pytest.raises(AssertionError, match="nothing was noted"):
        await eventually(lambda: redis.get("noted"), 0.3, "nothing was noted")
    worker.resume()

    assert await eventually(lambda: redis.get("noted"), message="nothing was noted") == b"1"
    assert worker.stop() == 0


async def test_no_process_outlives_the_test(
    fresh: FreshDatabase, broker_url: str, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    started = Processes(fresh, broker_url, signing_keys, tmp_path)
    worker = started.worker("alerts", "--concurrency", "2", app="shared.tests.testing.sample_worker")
    await worker.ready()
    family = [psutil.Process(worker.pid), *worker.child.children()]

    started.end()

    assert (len(family), psutil.wait_procs(family, timeout=5)[1]) == (3, [])
