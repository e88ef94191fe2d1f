"""Settings with an account whose secret is being changed."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from services.payments.settings import PaymentsSettings
from services.payments.settings import settings as read_settings


@pytest.fixture
def settings(settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with Razorpay's new and old secret, and a gateway where nobody listens."""
    return settings.model_copy(
        update={
            "payment_gateway": "razorpay",
            "razorpay_key_id": "rzp_test_installed",
            "razorpay_key_secret": SecretStr("installed"),
            "razorpay_webhook_secret": SecretStr("new"),
            "razorpay_webhook_secret_previous": SecretStr("old"),
            "razorpay_base_url": "http://127.0.0.1:1",
        }
    )


@pytest.fixture
def settings_of_the_process(settings: PaymentsSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the process, which light handlers read where a worker has them."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.broker_url)
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()
