"""The services as they load; and at the end of a run what is above its aim, so that it is split before it is over its limit."""

import pytest

from tests.architecture.budgets import AIM, LIMIT, sizes
from tests.architecture.loaded import Loaded, load_apart
from tests.architecture.source import sources

SHOWN = 15


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    """What each service is once its processes have loaded it, by name."""
    return load_apart(tmp_path_factory.mktemp("home"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    above = [size for size in sizes(sources()) if size.lines > AIM[size.kind]]
    if not above:
        return
    above.sort(key=lambda size: size.lines / LIMIT[size.kind], reverse=True)
    terminalreporter.section(f"{len(above)} above their aim, the nearest to the limit first")
    for size in above[:SHOWN]:
        terminalreporter.line(str(size))
