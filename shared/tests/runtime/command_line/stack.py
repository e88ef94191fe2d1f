"""One running stack under the broker's access list, shared by a module's tests: a worker, two relays, their logins."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from deploy.redis import acl
from deploy.tests.conftest import GuardedBroker
from shared.contracts.message import Message
from shared.runtime.celery import unacked_keys
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.servers import PostgresAddress, free_port
from shared.testing.template import roles_of
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

T = TypeVar("T")
PROBE = "shared.testing.probe.worker"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a loop of its own: the stack outlives the tests' loops."""
    return asyncio.run(coroutine)


@dataclass
class Stack:
    """Services by their own broker users; the operator by another. All timers run at a tenth of their length."""

    broker: GuardedBroker
    address: PostgresAddress
    database: str
    keys: SigningKeys
    folder: Path
    metrics_port: int = field(default_factory=free_port)
    started: list[ChildProcess] = field(default_factory=list)

    def environment(self, service: str, **extra: str) -> dict[str, str]:
        """The settings of a service's processes, and of the operator's commands."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(self.folder),
            "WAYBILL_HOME": str(self.folder),
            "WAYBILL_TIME_FACTOR": "0.1",
            "DATABASE_URL": self.url(service),
            "REDIS_URL": self.broker.url(service),
            "BROKER_OPERATOR_URL": self.broker.url(acl.OPERATOR),
            "AUTH_JWKS": str(self.keys.jwks_file),
            "AUTH_SIGNING_KEY_FILE": str(self.keys.service_key_file(service)),
            "PROBE_LEDGER": str(self.folder / "ledger"),
            **extra,
        }

    def url(self, service: str) -> str:
        """DATABASE_URL of the service."""
        return self.address.url(self.database, roles_of(service)[1])

    def celery(
        self, *arguments: str, service: str = "analytics", app: str = PROBE, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """`celery -A <app> …`, run to its end."""
        return subprocess.run(  # this interpreter and arguments of our own
            [sys.executable, "-m", "celery", "-A", app, *arguments],
            env=self.environment(service, **extra),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )

    def start(self, name: str, *program: str, service: str = "analytics", **extra: str) -> ChildProcess:
        """`python -m …` in the background, ended with the stack."""
        log = self.folder / f"{name}.log"
        environment = self.environment(service, **extra)
        child = ChildProcess(name, [sys.executable, "-m", *program], log=log, env=environment, cwd=self.folder)
        self.started.append(child)
        return child

    def end(self) -> None:
        """Kill all that was started."""
        for child in self.started:
            child.kill()

    async def publish(self, *messages: Message) -> None:
        """Publish in one transaction of the trips service."""
        database = Database(self.url("trips"), name="test")
        async with database.unit_of_work() as session:
            for message in messages:
                publish(session, message)
        await database.close()

    async def fetch(self, service: str, statement: str) -> list[Any]:
        """The first column of what a statement finds."""
        async with self._owner(service) as connection:
            return [row[0] for row in await connection.fetch(statement)]

    async def execute(self, service: str, statements: str) -> None:
        """Carry out statements as the schema's owner."""
        async with self._owner(service) as connection:
            await connection.execute(statements)

    @asynccontextmanager
    async def _owner(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        url = self.address.url(self.database, roles_of(service)[0])
        connection = await asyncpg.connect(url, server_settings={"search_path": service})
        try:
            yield connection
        finally:
            await connection.close()

    def in_hand(self, service: str, group: str) -> int:
        """How many deliveries the workers of a group of lanes have taken and not acknowledged."""
        with self.broker.client(acl.ADMIN) as admin:
            return int(admin.hlen(unacked_keys(service, group)["unacked_key"]))

    def waiting(self, lane: str) -> int:
        """How many deliveries wait in a lane."""
        with self.broker.client(acl.ADMIN) as admin:
            return int(admin.llen(lane))

    def clear(self, lane: str) -> None:
        """Empty a lane."""
        with self.broker.client(acl.ADMIN) as admin:
            admin.delete(lane)

    async def effects(self, numbers: list[int]) -> None:
        """Wait until exactly these numbers have been recorded, each once, and the producer's outbox is empty."""

        async def there() -> bool:
            found = await self.fetch("analytics", "SELECT number FROM probe_effects ORDER BY number")
            return set(numbers) <= set(found) and await self.fetch("trips", "SELECT count(*) FROM outbox") == [0]

        await eventually(there, 30, "not all effects are there", every_s=0.1)
        found = await self.fetch("analytics", "SELECT number FROM probe_effects ORDER BY number")
        assert [number for number in found if number in set(numbers)] == sorted(numbers)
