"""Settings of the notifications service."""

import re
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from services.notifications.addresses import AddressHasher
from services.notifications.callbacks.signatures import event_key
from services.notifications.email.mime import usable_sender
from services.notifications.sms.prices import listed_prices
from shared.runtime.http.settings import HttpSettings
from shared.runtime.key_lists import AesKeys, aes_keys, listed_keys
from shared.runtime.redaction import AddressHash

EMAIL_PROVIDERS: Final = ("smtp", "sendgrid", "ses")
SMS_PROVIDERS: Final = ("twilio", "msg91")
_OLDER_TLS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), "starttls"),
    **dict.fromkeys(("false", "0", "no", "off"), "none"),
}
_SENDER: Final = r"^[^\x00-\x1f]*[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+>?$"
_URL: Final = r"^https?://[^\s/?#]+(/[^\s?#]*)?$"
MIN_SECRET_CHARS: Final = 16

Names = Annotated[tuple[str, ...], NoDecode]
"""Names separated by commas."""


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class EmailSettings(HttpSettings):
    """Who carries e-mail. What a provider needs must be set only where it is named."""

    email_provider: str = Field("smtp", description="Who carries e-mail: `smtp`, `sendgrid` or `ses`.")
    email_fallback_providers: Names = Field((), description="Who else, in this order, where the first one fails.")

    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = Field(max_length=400, pattern=_SENDER)
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="`starttls` (usually port 587), `tls` from the first byte (usually 465), or `none`."
    )
    smtp_ca_file: FilePath | None = Field(None, description="PEM file of certificates to trust beside the system's.")
    smtp_pool_size: int = Field(8, ge=1, le=100, description="Connections to the mail server per worker process.")

    sendgrid_api_key: SecretStr | None = Field(None, description="For `sendgrid`.")
    sendgrid_from_email: str | None = Field(
        None, max_length=400, pattern=_SENDER, description="The sender of e-mails that SendGrid carries; `SMTP_FROM` else."
    )
    sendgrid_url: str = Field("https://api.sendgrid.com", pattern=_URL, description="`https://api.eu.sendgrid.com` in the EU.")
    sendgrid_event_key: str | None = Field(None, description="The public key of its signed events, as its console shows it.")

    ses_region: str | None = Field(None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Such as `ap-south-1`.")
    ses_access_key_id: str | None = Field(None, description="For `ses`, with `SES_SECRET_ACCESS_KEY`.")
    ses_secret_access_key: SecretStr | None = Field(None, description="Goes together with `SES_ACCESS_KEY_ID`.")
    ses_from_email: str | None = Field(
        None, max_length=400, pattern=_SENDER, description="The sender of e-mails that SES carries; `SMTP_FROM` else."
    )
    ses_configuration_set: str | None = Field(None, description="The set whose events come back through SNS.")
    ses_url: str | None = Field(None, pattern=_URL, description="Where it is not the region's own address.")
    sns_topic_arns: Names = Field((), description="The topics whose messages are accepted and whose subscription is confirmed.")
    sns_certificate_url: str | None = Field(
        None, pattern=_URL, description="For stand-ins: where certificates come from in the place of Amazon's own hosts."
    )

    @field_validator("email_fallback_providers", "sns_topic_arns", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return _split(value)

    @field_validator("email_provider")
    @classmethod
    def _is_supported(cls, value: str) -> str:
        return _one_of(value, EMAIL_PROVIDERS)

    @field_validator("email_fallback_providers")
    @classmethod
    def _are_supported(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(name, EMAIL_PROVIDERS) for name in value)

    @field_validator("sendgrid_event_key")
    @classmethod
    def _verifies(cls, value: str | None) -> str | None:
        if value is not None:
            event_key(value)
        return value

    @field_validator("smtp_from", "sendgrid_from_email", "ses_from_email")
    @classmethod
    def _can_send(cls, value: str | None) -> str | None:
        return usable_sender(value) if value is not None else None

    @field_validator("smtp_tls", mode="before")
    @classmethod
    def _from_yes_or_no(cls, value: Any) -> Any:
        return _OLDER_TLS.get(value.strip().lower(), value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USER and SMTP_PASSWORD go together; set both or neither")
        return self

    @model_validator(mode="after")
    def _email_providers_are_set_up(self) -> Self:
        _demand(self, self.email_providers, _NEEDS)
        return self

    @property
    def email_providers(self) -> tuple[str, ...]:
        """Who carries e-mail, the first choice in front."""
        return tuple(dict.fromkeys((self.email_provider, *self.email_fallback_providers)))


class SmsSettings(HttpSettings):
    """Who carries SMS. Without a provider, an SMS is a dead letter that says so."""

    sms_provider: str | None = Field(None, description="Who carries SMS: `twilio` or `msg91`.")
    sms_fallback_providers: Names = Field((), description="Who else, in this order, where the first one fails.")
    sms_default_country: str = Field("IN", pattern="^[A-Z]{2}$", description="Whose numbers may be written without a plus.")

    sms_prices: Names = Field(
        (),
        description="What a thousand SMS segments cost by country code, in minor units, shown in previews and estimates; of codes"
        " that fit a number the longest counts: `91=16500INR,1=790USD,1868=12050USD`.",
    )

    twilio_account_sid: str | None = Field(None, pattern=r"^AC[0-9a-fA-F]{32}$", description="For `twilio`.")
    twilio_auth_token: SecretStr | None = Field(None, description="Its password; also proves its call-backs.")
    twilio_phone_number: str | None = Field(None, pattern=r"^\+[1-9]\d{6,14}$", description="The number that sends.")
    twilio_messaging_service_sid: str | None = Field(
        None, pattern=r"^MG[0-9a-fA-F]{32}$", description="In the place of `TWILIO_PHONE_NUMBER`."
    )
    twilio_url: str = Field("https://api.twilio.com", pattern=_URL, description="Another address for stand-ins.")

    msg91_auth_key: SecretStr | None = Field(None, description="For `msg91`.")
    msg91_sender_id: str | None = Field(None, pattern=r"^[A-Za-z0-9-]{3,13}$", description="The header (sender id).")
    msg91_currency: str = Field(
        "INR", pattern="^[A-Z]{3}$", description="In which its account is charged; its reports name amounts alone."
    )
    msg91_url: str = Field("https://control.msg91.com", pattern=_URL, description="Another address for stand-ins.")
    msg91_callback_secret: SecretStr | None = Field(
        None, min_length=16, description="The last part of the path at which MSG91 reports; its reports carry no signature."
    )

    @field_validator("sms_fallback_providers", "sms_prices", mode="before")
    @classmethod
    def _split_sms_names(cls, value: Any) -> Any:
        return _split(value)

    @field_validator("sms_prices")
    @classmethod
    def _are_prices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        listed_prices(value)
        return value

    @field_validator("sms_provider")
    @classmethod
    def _is_sms_provider(cls, value: str | None) -> str | None:
        return _one_of(value, SMS_PROVIDERS) if value is not None else None

    @field_validator("sms_fallback_providers")
    @classmethod
    def _are_sms_providers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(name, SMS_PROVIDERS) for name in value)

    @model_validator(mode="after")
    def _sms_providers_are_set_up(self) -> Self:
        _demand(self, self.sms_providers, _NEEDS)
        if "twilio" in self.sms_providers and not (self.twilio_phone_number or self.twilio_messaging_service_sid):
            raise ValueError("TWILIO_PHONE_NUMBER or TWILIO_MESSAGING_SERVICE_SID must be set, which the provider twilio needs")
        return self

    @property
    def sms_providers(self) -> tuple[str, ...]:
        """Who carries SMS, the first choice in front."""
        first = (self.sms_provider,) if self.sms_provider is not None else ()
        return tuple(dict.fromkeys((*first, *self.sms_fallback_providers)))


class NotificationsSettings(EmailSettings, SmsSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "notifications"

    frontend_url: str = Field("http://localhost:3000", pattern=_URL, description="Where links for customers lead.")
    backend_url: str = Field(
        "http://localhost:8002",
        pattern=_URL,
        description="This API as providers and readers of mails reach it: call-backs, unsubscribing, preferences.",
    )
    payments_url: str | None = Field(None, pattern=_URL, description="The payments API, for the PDFs of invoices.")
    trips_url: str | None = Field(None, pattern=_URL, description="The trips API, for the trips of a digest.")

    signing_keys: SecretStr = Field(
        description="Sign links and bounce addresses: `<id>:<secret>`, more behind commas; the first signs, all are accepted."
    )
    address_hash_key: SecretStr = Field(
        min_length=MIN_SECRET_CHARS,
        description="Addresses are hashed under it for look-ups. Never changed, or suppressions are forgotten.",
    )
    encryption_keys: AesKeys | None = Field(
        None,
        description="Encrypt the credentials of organizations' own accounts: `<id>:<32 bytes as base64>`, as `SIGNING_KEYS`.",
    )
    private_mail_hosts: bool = Field(
        False, description="Whether organizations' own accounts may name mail servers in private networks."
    )
    provider_rates: Names = Field(
        (),
        description="Messages per second and provider at most, over all workers: `sendgrid=500,twilio=20`. Without one: smtp and"
        " sendgrid 5000, twilio and msg91 100, ses what its account may send (GetAccount).",
    )
    bounce_address: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,20}@[^\s@<>]+$",
        description="Where mails come in: bounces, and people who unsubscribe by mail. Such as `bounce@bounces.example.com`; each"
        " mail gets addresses of its own (`bounce+…@`).",
    )
    bounce_secret: SecretStr | None = Field(
        None, min_length=16, description="The bearer token with which a mail server hands these mails to the API."
    )
    delivery_retention_days: int = Field(400, ge=30, le=3650, description="How long deliveries and their timelines are kept.")

    @field_validator("provider_rates", mode="before")
    @classmethod
    def _split_rates(cls, value: Any) -> Any:
        return _split(value)

    @field_validator("signing_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        if any(len(secret) < MIN_SECRET_CHARS for secret in listed_keys(value).values()):
            raise ValueError(f"each secret needs {MIN_SECRET_CHARS} characters or more")
        return value

    @field_validator("provider_rates")
    @classmethod
    def _are_rates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for rate in value:
            if not re.fullmatch(r"[a-z0-9]+=\d+(\.\d+)?", rate) or float(rate.partition("=")[2]) <= 0:
                raise ValueError("write `<provider>=<messages per second>`, such as `sendgrid=500`")
        return value

    @cached_property
    def address_hasher(self) -> AddressHasher:
        """Hashes addresses as all of the service does."""
        return AddressHasher(self.address_hash_key.get_secret_value().encode())

    @property
    def address_hash(self) -> AddressHash:
        return self.address_hasher.hash

    @cached_property
    def signing(self) -> dict[str, bytes]:
        """The signing keys by their ids; the first one signs."""
        return {name: secret.encode() for name, secret in listed_keys(self.signing_keys).items()}

    @cached_property
    def encryption(self) -> dict[str, bytes]:
        """The encryption keys by their ids; the first one encrypts."""
        return aes_keys(self.encryption_keys)

    @cached_property
    def rates(self) -> dict[str, float]:
        """Messages per second by provider."""
        return {name: float(rate) for name, _, rate in (one.partition("=") for one in self.provider_rates)}


_NEEDS: Final = {
    "smtp": ("smtp_host",),
    "sendgrid": ("sendgrid_api_key",),
    "ses": ("ses_region", "ses_access_key_id", "ses_secret_access_key"),
    "twilio": ("twilio_account_sid", "twilio_auth_token"),
    "msg91": ("msg91_auth_key",),
}


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"names no provider that is supported; use one of: {', '.join(known)}")
    return value


def _demand(settings: HttpSettings, providers: tuple[str, ...], needs: dict[str, tuple[str, ...]]) -> None:
    for provider in providers:
        missing = [name.upper() for name in needs[provider] if getattr(settings, name) is None]
        if missing:
            are = "is" if len(missing) == 1 else "are"
            raise ValueError(f"{', '.join(missing)} {are} not set, which the provider {provider} needs")


@cache
def settings() -> NotificationsSettings:
    """The settings of this process, read once."""
    return NotificationsSettings.load()
