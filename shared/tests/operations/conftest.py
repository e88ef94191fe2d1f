"""The operations API of the alerts service, and messages of every fate."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.notifications import DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.errors import Permanent
from shared.runtime.inbox.delivery import Received
from shared.runtime.inbox.handlers import LightHandler
from shared.testing.messages import Handled, TaskRunner
from shared.testing.service import ApiClient

TABLES = ("outbox", "inbox", "dead_letters", "schedules", "lane_pauses", "lane_limits", "lane_pools", "operations_audit")


@pytest.fixture
def service() -> str:
    return "alerts"


@pytest.fixture
def admin(client: ApiClient) -> ApiClient:
    """Somebody who may do everything."""
    return client.as_role("admin", subject="user:ann")


@pytest.fixture
def viewer(client: ApiClient) -> ApiClient:
    """Somebody who may look."""
    return client.as_role("viewer", subject="user:vic")


def finished(number: int = 1, requester: str = "alerts.alert:7") -> DeliveryFinished:
    """A message that the alerts service receives."""
    moment = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    return DeliveryFinished(delivery_id=UUID(int=number), requester=requester, status="sent", retries=0, finished_at=moment)


async def letters_of(client: ApiClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/operations/dead-letters", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def raw_letter(session: Session, *, lane: str | None = None) -> UUID:
    """A letter of an envelope that could not be read."""
    letter_id = uuid4()
    statement = text(
        "INSERT INTO dead_letters (id, reason, lane, body, fingerprint) VALUES (:id, 'bad_envelope', :lane, 'not json', 'f0')"
    )
    await session.execute(statement, {"id": letter_id, "lane": lane})
    return letter_id


@dataclass
class Consumer:
    """Delivers messages to a handler that does as it is told, and remembers what it carried out."""

    run_task: TaskRunner
    error: Exception | None = None
    carried_out: list[UUID] = field(default_factory=list)

    async def deliver(self, *batch: DeliveryFinished, ids: Sequence[UUID] | None = None) -> list[Handled]:
        """Deliver from the notifications service."""
        return await self.run_task.run(
            batch, ids=ids, source="notifications", handler=LightHandler(DeliveryFinished, self._handle)
        )

    async def kill(self, *batch: DeliveryFinished, error: Exception | None = None) -> list[UUID]:
        """Let messages die. Returns their ids."""
        self.error = error or Permanent("alert 7 has been closed")
        dead = await self.deliver(*batch)
        self.error = None
        assert [one.outcome for one in dead] == ["dead"] * len(batch)
        return [one.id for one in dead]

    async def _handle(self, _session: Session, received: Sequence[Received[DeliveryFinished]]) -> None:
        if self.error is not None:
            raise self.error
        self.carried_out += [one.message.delivery_id for one in received]


@pytest.fixture
def consumer(run_task: TaskRunner) -> Consumer:
    return Consumer(run_task)


Query = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def query(session: Session) -> Query:
    """Rows of a query in the test's transaction, as dictionaries."""

    async def ask(statement: str, **bound: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in (await session.execute(text(statement), bound)).mappings()]

    return ask


Snapshot = Callable[[], Awaitable[dict[str, list[str]]]]


@pytest.fixture
def snapshot(session: Session) -> Snapshot:
    """All that the tables hold, to compare before and after a refusal."""

    async def take() -> dict[str, list[str]]:
        held = {}
        for table in TABLES:
            rows = await session.execute(text(f"SELECT row_to_json(t)::text FROM {table} AS t ORDER BY 1"))  # noqa: S608 # our names
            held[table] = list(rows.scalars())
        return held

    return take
