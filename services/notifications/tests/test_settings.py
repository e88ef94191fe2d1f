import pytest

from services.notifications.addresses import AddressHasher
from services.notifications.settings import NotificationsSettings
from shared.runtime.redaction import Redaction
from shared.runtime.settings import SettingsError

COMPLETE = {
    "DATABASE_URL": "postgresql://a:b@localhost/x",
    "REDIS_URL": "redis://localhost",
    "SMTP_HOST": "mail.example.org",
    "SMTP_FROM": "Waybill <noreply@example.org>",
    "SIGNING_KEYS": "k1:a-secret-for-tests-only",
    "ADDRESS_HASH_KEY": "another-secret-for-tests",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> pytest.MonkeyPatch:
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path))
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_a_complete_environment_is_enough() -> None:
    settings = NotificationsSettings.load()

    assert (settings.smtp_host, settings.smtp_port, settings.smtp_tls) == ("mail.example.org", 587, "starttls")


@pytest.mark.usefixtures("environment")
def test_in_a_log_line_an_address_is_the_beginning_of_the_hash_that_the_tables_keep() -> None:
    settings = NotificationsSettings.load()
    kept = AddressHasher(b"another-secret-for-tests").hash
    email, number = kept("email", "ann@example.org")[:12], kept("sms", "+919812345678")[:12]

    line = Redaction(settings.address_hash).text("550 <Ann@Example.ORG> mobiles=919812345678")

    assert line == f"550 <[email-{email}]> mobiles=[phone-{number}]"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", "starttls"),
        ("True", "starttls"),
        ("1", "starttls"),
        ("yes", "starttls"),
        ("false", "none"),
        ("0", "none"),
        ("tls", "tls"),
    ],
)
def test_tls_is_read_as_the_older_systems_wrote_it(environment: pytest.MonkeyPatch, written: str, meant: str) -> None:
    environment.setenv("SMTP_TLS", written)

    assert NotificationsSettings.load().smtp_tls == meant


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SMTP_HOST", "", "notifications: SMTP_HOST is not set, which the provider smtp needs"),
        ("SMTP_PORT", "many", "notifications: SMTP_PORT Input should be a valid integer"),
        ("SMTP_TLS", "sometimes", "notifications: SMTP_TLS Input should be 'none', 'starttls' or 'tls'"),
        ("SMTP_FROM", "nobody", "notifications: SMTP_FROM String should match pattern"),
        ("SMTP_FROM", "Waybill <no..reply@example.org>", "notifications: SMTP_FROM must be an address, or a name and an address"),
        ("SMTP_FROM", "büro@example.org", "notifications: SMTP_FROM must be an address, or a name and an address"),
        ("SMTP_CA_FILE", "/nowhere.pem", "notifications: SMTP_CA_FILE Path does not point to a file"),
        ("SMTP_POOL_SIZE", "0", "notifications: SMTP_POOL_SIZE Input should be greater than or equal to 1"),
        ("SMTP_USER", "anna", "SMTP_USER and SMTP_PASSWORD go together; set both or neither"),
        ("EMAIL_FALLBACK_PROVIDERS", "sendgrid", "SENDGRID_API_KEY is not set, which the provider sendgrid needs"),
        ("EMAIL_PROVIDER", "ses", "SES_REGION, SES_ACCESS_KEY_ID, SES_SECRET_ACCESS_KEY are not set"),
        ("SMS_PROVIDER", "pager", "SMS_PROVIDER names no provider that is supported; use one of: twilio, msg91"),
        ("SIGNING_KEYS", "k1:short", "SIGNING_KEYS each secret needs 16 characters or more"),
        ("ENCRYPTION_KEYS", "e1:c2hvcnQ=", "ENCRYPTION_KEYS each key is 32 bytes as base64"),
        ("SMS_PRICES", "91=0.165", "SMS_PRICES write `<country code>=<minor units for 1,000 segments><currency>`"),
        ("PROVIDER_RATES", "sendgrid", "PROVIDER_RATES write `<provider>=<messages per second>`"),
        ("EMAIL_PROVIDER", "pigeon", "EMAIL_PROVIDER names no provider that is supported; use one of: smtp, sendgrid, ses"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(
    environment: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        NotificationsSettings.load()
    assert sentence in str(refused.value)
    assert "postgresql" not in str(refused.value)
