"""One stack for all tests of this folder: built, started, and removed at the end."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deploy.local.demo import RunningStack
from tests.compose import provision
from tests.compose.project import Project

STARTED: Final = pytest.StashKey[float]()
BUILD_S: Final = 1800
"""The first one fetches every package; those after it take seconds."""
TIMINGS: Final = pytest.StashKey[list[tuple[str, float]]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[STARTED] = time.monotonic()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Project]:
    """The whole stack, healthy.

    COMPOSE_TEST_KEEP=<folder>: it is left running, and the next run with that folder takes it as it stands.
    COMPOSE_TEST_LOGS=<folder>: what the containers have logged is kept there.
    """
    kept, logs = os.environ.get("COMPOSE_TEST_KEEP"), os.environ.get("COMPOSE_TEST_LOGS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("compose")
    folder.mkdir(parents=True, exist_ok=True)
    client = provision.connect()
    began = time.monotonic()
    variables = provision.provide(client)
    project = Project(client, folder, variables)
    pytestconfig.stash[TIMINGS] = project.timings
    project.timings.append(("base images", time.monotonic() - began))
    try:
        with project.timed("build"):
            project.compose("build", timeout_s=BUILD_S)
        with project.timed("up, until all are healthy"):
            project.said = project.compose("up", "--detach")
            project.wait_until_healthy()
        yield project
    finally:
        if logs:
            project.keep_logs(Path(logs))
        if not kept:
            with project.timed("down"):
                project.end()
        client.close()


@pytest.fixture(scope="session")
def flows(project: Project) -> RunningStack:
    """The stack through its published ports."""
    return project.flows()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    began = time.monotonic()
    yield
    item.config.stash.get(TIMINGS, []).append((item.name, time.monotonic() - began))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section("seconds")
    for what, seconds in config.stash.get(TIMINGS, []):
        terminalreporter.line(f"{seconds:7.1f}  {what}")
    terminalreporter.line(f"{time.monotonic() - config.stash[STARTED]:7.1f}  all")
