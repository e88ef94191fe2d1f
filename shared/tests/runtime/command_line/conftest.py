"""A worker that serves a whole module's tests."""

import asyncio
from collections.abc import Iterator

import pytest

from deploy.tests.conftest import GuardedBroker, running_broker
from shared.contracts import registry
from shared.testing import template
from shared.testing.probe import contracts, tasks
from shared.testing.servers import PostgresAddress
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually
from shared.tests.runtime.command_line.stack import PROBE, Stack, run

__all__ = ["running_broker"]

registry.include(contracts)


@pytest.fixture(scope="module")
def stack(
    template_database: PostgresAddress,
    running_broker: GuardedBroker,  # the fixture that is imported by its name
    signing_keys: SigningKeys,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A database and a guarded broker, with nothing running on them yet."""
    name = asyncio.run(template.clone(template_database))
    stack = Stack(running_broker, template_database, name, signing_keys, tmp_path_factory.mktemp("stack"))
    run(stack.execute("analytics", tasks.TABLES))
    yield stack
    stack.end()
    asyncio.run(template.drop(template_database, name))


@pytest.fixture(scope="module")
def running(stack: Stack) -> Stack:
    """The stack with the probe's worker and the relays of producer and consumer at work."""
    heartbeat = stack.folder / "heartbeat"
    for service in ("trips", "analytics"):
        stack.start(f"{service}-relay", "shared.testing.probe.relay", service, service=service)
    stack.start(
        *("worker", "celery", "-A", PROBE, "worker", "--concurrency", "2", "--hostname", "probe@%h"),
        HEARTBEAT_FILE=str(heartbeat),
        METRICS_PORT=str(stack.metrics_port),
    )
    run(eventually(heartbeat.exists, 30, "the worker is not ready"))
    return stack
