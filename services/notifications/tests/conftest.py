"""A mail server beside the fixtures that every service has."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as read_settings
from services.notifications.tests.mail_server import MailServer, mail_server_with
from services.notifications.tests.scripted_server import ScriptedServer, scripted_server


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """The sandbox's, on free ports of this test's own."""
    async with mail_server_with() as server:
        yield server


@pytest_asyncio.fixture
async def script() -> AsyncIterator[ScriptedServer]:
    """A mail server that says what the test tells it to."""
    async with scripted_server() as server:
        yield server


@pytest.fixture
def _smtp_environment(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mail_server.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def settings(_smtp_environment: None, settings: NotificationsSettings) -> NotificationsSettings:
    """The service's settings, with this test's mail server."""
    return settings


@pytest.fixture
def settings_of_the_process(settings: NotificationsSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the process, which light handlers read where a worker has them."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.broker_url)
    monkeypatch.setenv("FRONTEND_URL", "https://app.example.com/")
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()
