"""Settings that light handlers read where a worker has them."""

from collections.abc import Iterator

import pytest

from services.payments.settings import PaymentsSettings
from services.payments.settings import settings as read_settings


@pytest.fixture
def settings_of_the_process(settings: PaymentsSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Those of the test's own."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.broker_url)
    monkeypatch.setenv("BACKEND_URL", "https://api.example.com/payments/")
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()
