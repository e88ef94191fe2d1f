"""The pytest plugin of the whole project: loaded by the root conftest.py, it brings every fixture of shared.testing.

The servers run once per test session. Under pytest-xdist the controller runs PostgreSQL and hands its address
to the workers, because a worker may end before the others; each worker runs a Valkey of its own, which takes
30 ms and spares the tests databases by number, keys by prefix and channels that everybody hears.
"""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from shared.testing.broker import broker_url, redis
from shared.testing.clock import clock
from shared.testing.database import (
    connection,
    database,
    fresh,
    joined_database,
    owner,
    process_database,
    service,
    session,
    template_database,
)
from shared.testing.home import temporary_home
from shared.testing.order import longest_first
from shared.testing.process import processes
from shared.testing.servers import PostgresAddress, PostgresServer, ValkeyServer
from shared.testing.service import app, app_database, client, run_task, settings, worker_runtime
from shared.testing.sockets import closed_to_the_world
from shared.testing.tokens import signing_keys

__all__ = [
    "app",
    "app_database",
    "broker_url",
    "client",
    "clock",
    "connection",
    "database",
    "fresh",
    "joined_database",
    "owner",
    "process_database",
    "processes",
    "redis",
    "run_task",
    "service",
    "session",
    "settings",
    "signing_keys",
    "template_database",
    "worker_runtime",
]

_ADDRESS = "waybill_postgres"
_controller = contextlib.ExitStack()


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A throw-away PostgreSQL for the length of the block."""
    with temporary_home(in_memory=True) as home:
        server = PostgresServer(home)
        server.start()
        try:
            yield server
        finally:
            server.stop(keep=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "commits: run on a database of the test's own, where commits are commits")
    # How long an example takes says something of the machine, and nothing of the code.
    hypothesis.settings.register_profile("waybill", deadline=None)
    hypothesis.settings.load_profile("waybill")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker of a parallel run, which takes up one file after the other, has the longest ones first."""
    if hasattr(config, "workerinput"):
        usual_s = float(config.getini("timeout"))
        order = longest_first((str(item.path), _allowed_s(item, usual_s)) for item in items)
        rank = {file: number for number, file in enumerate(order)}
        items.sort(key=lambda item: rank[str(item.path)])


def _allowed_s(item: pytest.Item, usual_s: float) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args else usual_s


def pytest_collection_finish() -> None:
    """What was imported and collected lives until the end: looking for garbage among millions of objects finds none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by pytest-xdist in the controller before it starts a worker."""
    config = node.config
    if not hasattr(config, _ADDRESS):
        setattr(config, _ADDRESS, _controller.enter_context(running_postgres()).address)
    node.workerinput[_ADDRESS] = tuple(getattr(config, _ADDRESS))


def pytest_unconfigure() -> None:
    _controller.close()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresAddress]:
    """Where the test session's PostgreSQL listens."""
    given = getattr(request.config, "workerinput", {}).get(_ADDRESS)
    if given is not None:
        yield PostgresAddress(*given)
        return
    with running_postgres() as server:
        yield server.address


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """This test process's Valkey. A test that stops or starves a broker runs one of its own."""
    with temporary_home() as home:
        server = ValkeyServer(home)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session", autouse=True)
def _closed_to_the_world() -> Iterator[None]:
    with closed_to_the_world():
        yield
