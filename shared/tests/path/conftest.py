"""The probe's producer, consumer and processes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from shared.contracts import registry
from shared.contracts.message import Message
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.database import FreshDatabase
from shared.testing.probe import contracts, tasks
from shared.testing.process import Processes, RelayProcess, WorkerProcess


@dataclass(frozen=True)
class Probe:
    """producer and consumer: the databases of the two services. ledger: what the effect has done outside."""

    producer: Database
    consumer: Database
    processes: Processes
    ledger: Path

    def worker(self, *arguments: str, **extra: str) -> WorkerProcess:
        """A worker of the consumer with the probe's handlers."""
        extra = {"PROBE_LEDGER": str(self.ledger), **extra}
        return self.processes.worker("analytics", *arguments, app="shared.testing.probe.worker", **extra)

    def relay(self, service: str, **extra: str) -> RelayProcess:
        """A relay that knows the probe's messages."""
        return self.processes.relay(service, program=("shared.testing.probe.relay", service), **extra)

    async def publish(self, *messages: Message) -> None:
        """Publish in one transaction of the producer."""
        async with self.producer.unit_of_work() as session:
            for message in messages:
                publish(session, message)

    async def effects(self) -> list[int]:
        """The numbers recorded, sorted; a number that is there twice was doubled."""
        return await self._column(self.consumer, "SELECT number FROM probe_effects ORDER BY number")

    async def letters(self) -> list[str]:
        """The reasons of open dead letters."""
        return await self._column(self.consumer, "SELECT reason FROM dead_letters WHERE status = 'open' ORDER BY reason")

    async def unconfirmed(self) -> int:
        """Rows left in the producer's outbox."""
        (count,) = await self._column(self.producer, "SELECT count(*) FROM outbox")
        return int(count)

    async def _column(self, database: Database, statement: str) -> list[Any]:
        async with database.read() as session:
            return list((await session.execute(text(statement))).scalars())


@pytest_asyncio.fixture
async def probe(fresh: FreshDatabase, processes: Processes, tmp_path: Path) -> AsyncIterator[Probe]:
    registry.include(contracts)
    owner = await asyncpg.connect(fresh.owner_url("analytics"))
    await owner.execute("SET search_path = analytics; " + tasks.TABLES)
    await owner.close()
    yield Probe(fresh.open("trips"), fresh.open("analytics"), processes, tmp_path / "ledger")


@pytest.fixture
def service() -> str:
    return "analytics"
