"""What an account of each kind needs: the same for the settings of the process and for what an organization stores."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from services.notifications.callbacks.signatures import event_key
from services.notifications.email.mime import usable_sender
from services.notifications.sms.msg91_codes import CURRENCY

_URL: Final = r"^https?://[^\s/?#\x00-\x1f]+(/[^\s?#\x00-\x1f]*)?$"
_LINE: Final = r"^[^\x00-\x20\x7f]+$"

Secret = Annotated[SecretStr, Field(min_length=1, max_length=500)]
"""Kept encrypted, and never shown."""


class AccountFacts(BaseModel):
    """kind: of provider. channel: what it carries. from_email: the sender of its e-mails; None for the service's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    kind: ClassVar[str]
    channel: ClassVar[str]

    from_email: str | None = Field(default=None, max_length=400)

    @field_validator("from_email")
    @classmethod
    def _can_send(cls, value: str | None) -> str | None:
        return usable_sender(value) if value is not None else None

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """The names of the fields that are kept encrypted."""
        return frozenset(name for name, field in cls.model_fields.items() if "SecretStr" in str(field.annotation))


class SmtpFacts(AccountFacts):
    kind: ClassVar[str] = "smtp"
    channel: ClassVar[str] = "email"

    host: str = Field(min_length=1, max_length=253, pattern=_LINE)
    port: int = Field(default=587, ge=1, le=65_535)
    user: str | None = Field(default=None, max_length=320, pattern=_LINE)
    password: Secret | None = None
    tls: Literal["none", "starttls", "tls"] = "starttls"


class SendGridFacts(AccountFacts):
    kind: ClassVar[str] = "sendgrid"
    channel: ClassVar[str] = "email"

    api_key: Secret
    event_key: str | None = Field(default=None, max_length=300, pattern=r"^[A-Za-z0-9+/=]+$")
    """The public key of its signed events."""
    url: str = Field(default="https://api.sendgrid.com", max_length=300, pattern=_URL)

    @field_validator("event_key")
    @classmethod
    def _verifies(cls, value: str | None) -> str | None:
        if value is not None:
            event_key(value)
        return value


class SesFacts(AccountFacts):
    kind: ClassVar[str] = "ses"
    channel: ClassVar[str] = "email"

    region: str = Field(max_length=40, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    access_key_id: str = Field(max_length=128, pattern=_LINE)
    secret_access_key: Secret
    configuration_set: str | None = Field(default=None, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    topic_arn: str | None = Field(default=None, max_length=300, pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d*:[^\s:]+$")
    """Of the topic by which its events come."""
    url: str | None = Field(default=None, max_length=300, pattern=_URL)


class TwilioFacts(AccountFacts):
    kind: ClassVar[str] = "twilio"
    channel: ClassVar[str] = "sms"

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: Secret
    phone_number: str | None = Field(default=None, pattern=r"^\+[1-9]\d{6,14}$")
    messaging_service_sid: str | None = Field(default=None, pattern=r"^MG[0-9a-fA-F]{32}$")
    url: str = Field(default="https://api.twilio.com", max_length=300, pattern=_URL)


class Msg91Facts(AccountFacts):
    kind: ClassVar[str] = "msg91"
    channel: ClassVar[str] = "sms"

    auth_key: Secret
    sender_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{3,13}$")
    callback_secret: Annotated[SecretStr, Field(min_length=16, max_length=200)] | None = None
    """The last part of the path at which it reports."""
    currency: str = Field(default=CURRENCY, pattern=r"^[A-Z]{3}$")
    """In which it is charged; its reports name amounts alone."""
    url: str = Field(default="https://control.msg91.com", max_length=300, pattern=_URL)


KINDS: Final[Mapping[str, type[AccountFacts]]] = {
    one.kind: one for one in (SmtpFacts, SendGridFacts, SesFacts, TwilioFacts, Msg91Facts)
}


def facts_of(kind: str, fields: Mapping[str, Any]) -> AccountFacts:
    """Raises pydantic's ValidationError."""
    return KINDS[kind].model_validate(dict(fields))
