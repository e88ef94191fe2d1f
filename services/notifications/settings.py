"""Settings of the notifications service."""

from functools import cache
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator

from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import sender_mailbox
from shared.runtime.http.settings import HttpSettings

EMAIL_PROVIDERS: Final = ("smtp",)
_OLDER_TLS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), "starttls"),
    **dict.fromkeys(("false", "0", "no", "off"), "none"),
}


class NotificationsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from.

    email_provider: who carries e-mail.
    smtp_tls: `none`, `starttls` (usually port 587) or `tls` from the first byte (usually port 465). The older systems wrote
    `true` and meant STARTTLS, or `false`.
    smtp_ca_file: PEM file of certificates to trust beside the system's, for a mail server with a private one.
    smtp_pool_size: connections to the mail server per worker process, each carrying one mail at a time.
    """

    service: ClassVar[str] = "notifications"

    email_provider: str = "smtp"
    smtp_host: str
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = Field(max_length=400, pattern=r"^[^\x00-\x1f]*[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+>?$")
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    smtp_ca_file: FilePath | None = None
    smtp_pool_size: int = Field(8, ge=1, le=100)

    @field_validator("email_provider")
    @classmethod
    def _is_supported(cls, value: str) -> str:
        if value not in EMAIL_PROVIDERS:
            raise ValueError(f"names no provider that is supported so far; use one of: {', '.join(EMAIL_PROVIDERS)}")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _can_send(cls, value: str) -> str:
        try:
            sender = sender_mailbox(value)
        except AddressUnusable:
            sender = None
        if sender is None or sender.international:
            raise ValueError("must be an address, or a name and an address: Waybill <waybill@example.com>")
        return value

    @field_validator("smtp_tls", mode="before")
    @classmethod
    def _from_yes_or_no(cls, value: Any) -> Any:
        return _OLDER_TLS.get(value.strip().lower(), value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USER and SMTP_PASSWORD go together; set both or neither")
        return self


@cache
def settings() -> NotificationsSettings:
    """The settings of this process, read once."""
    return NotificationsSettings.load()
