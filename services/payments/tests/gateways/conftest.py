"""Settings with accounts of the installation at both gateways, on addresses where nobody listens unless a test says so."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from services.payments.settings import PaymentsSettings


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: PaymentsSettings) -> PaymentsSettings:
    """The service's, with accounts at gateways, and what a test adds."""
    usual: dict[str, Any] = {
        "payment_gateway": "razorpay",
        "payment_gateways_by_currency": ("USD=stripe",),
        "razorpay_key_id": "rzp_test_installed",
        "razorpay_key_secret": SecretStr("installed"),
        "razorpay_webhook_secret": SecretStr("new"),
        "razorpay_webhook_secret_previous": SecretStr("old"),
        "razorpay_base_url": "http://127.0.0.1:1",
        "stripe_secret_key": SecretStr("sk_test_installed"),
        "stripe_publishable_key": "pk_test_installed",
        "stripe_base_url": "http://127.0.0.1:1",
        "backend_url": "https://payments.example.com/",
        "encryption_keys": SecretStr(f"e1:{base64.b64encode(bytes(32)).decode()}"),
    }
    return settings.model_copy(update={**usual, **getattr(request, "param", {})})
