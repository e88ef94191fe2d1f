"""Settings of gateways: what is wrong stops the start, in a sentence that names it."""

import pytest

from services.payments.settings import PaymentsSettings
from shared.runtime.settings import SettingsError

NEEDED = {"DATABASE_URL": "postgresql://p:p@localhost/waybill", "REDIS_URL": "redis://localhost"}
RAZORPAY = {"RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "s"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> pytest.MonkeyPatch:
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path))
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def load(environment: pytest.MonkeyPatch, **variables: str) -> PaymentsSettings:
    for name, value in variables.items():
        environment.setenv(name, value)
    return PaymentsSettings.load()


def test_service_starts_without_any_gateway(environment: pytest.MonkeyPatch) -> None:
    settings = load(environment)

    assert (settings.payment_gateway, settings.installed_gateways, settings.razorpay_capture) == (None, (), "automatic")
    assert settings.razorpay_base_url == "https://api.razorpay.com"


def test_gateways_are_chosen_by_currency(environment: pytest.MonkeyPatch) -> None:
    settings = load(
        environment,
        **RAZORPAY,
        PAYMENT_GATEWAY="razorpay",
        PAYMENT_GATEWAYS_BY_CURRENCY="USD=stripe, EUR=stripe",
        STRIPE_SECRET_KEY="sk",
        RAZORPAY_CAPTURE="manual",
    )

    assert settings.gateways_by_currency == {"USD": "stripe", "EUR": "stripe"}
    assert (settings.installed_gateways, settings.razorpay_capture) == (("razorpay", "stripe"), "manual")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PAYMENT_GATEWAY": "paypal"}, "PAYMENT_GATEWAY names no gateway that is supported; use one of: razorpay, stripe"),
        (
            {"PAYMENT_GATEWAY": "razorpay"},
            "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET must be set",
        ),
        ({"PAYMENT_GATEWAY": "stripe"}, "STRIPE_SECRET_KEY must be set, which the gateway stripe needs"),
        ({"PAYMENT_GATEWAYS_BY_CURRENCY": "USD=stripe"}, "STRIPE_SECRET_KEY must be set"),
        ({"PAYMENT_GATEWAYS_BY_CURRENCY": "usd=stripe"}, "write `<currency>=<gateway>`"),
        ({"RAZORPAY_KEY_ID": "rzp_test_1"}, "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET go together"),
        ({"RAZORPAY_BASE_URL": "api.razorpay.com"}, "RAZORPAY_BASE_URL"),
        ({"RAZORPAY_CAPTURE": "later"}, "RAZORPAY_CAPTURE"),
        ({"ENCRYPTION_KEYS": "e1:c2hvcnQ="}, "ENCRYPTION_KEYS each key is 32 bytes as base64"),
    ],
)
def test_wrong_setting_stops_the_start_by_its_name(
    environment: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError) as stopped:
        load(environment, **variables)

    assert sentence in str(stopped.value)
