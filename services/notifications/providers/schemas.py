"""Provider accounts and routes on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.notifications.callbacks.paths import callback_path
from services.notifications.providers.models import ProviderAccount
from shared.runtime.outside.circuits import Standing
from shared.runtime.outside.standings import StandingOut

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,49}$")]
Kind = Literal["smtp", "sendgrid", "ses", "twilio", "msg91"]
ChannelName = Literal["email", "sms"]
Value = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]

_CONFIG: Final[dict[str, Any]] = {"from_email": "Acme <noreply@acme.example>"}


class AccountPut(BaseModel):
    """An account at a provider. What is left out of it is forgotten."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {"kind": "sendgrid", "config": _CONFIG, "credentials": {"api_key": "SG.…"}, "messages_per_second": 100.0}
            ]
        },
    )

    kind: Kind
    config: dict[str, Value | int] = Field(default_factory=dict, max_length=20, description="What is no secret.")
    credentials: dict[str, Value] = Field(default_factory=dict, max_length=5, description="Kept encrypted, and never shown.")
    messages_per_second: float | None = Field(default=None, gt=0, le=100_000, description="Its ceiling, over all workers.")


class AccountOut(BaseModel):
    """An account at a provider, without its credentials."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "acme-sendgrid",
                    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
                    "kind": "sendgrid",
                    "channel": "email",
                    "config": _CONFIG,
                    "messages_per_second": 100.0,
                    "key_id": "k1",
                    "callback_url": "https://api.example.com/v1/callbacks/accounts/019a9f5e-0b00-7e21-b7c4-90ab12cd34ef",
                    "updated_at": "2026-11-20T06:00:00.120000Z",
                }
            ]
        }
    )

    name: str
    organization_id: UUID
    kind: Kind
    channel: ChannelName
    config: dict[str, Any]
    messages_per_second: float | None
    key_id: str = Field(description="Under which of ENCRYPTION_KEYS its credentials are.")
    callback_url: str | None = Field(
        description="Where its provider is to report; MSG91 with `/<callback_secret>` behind it. Null where none reports."
    )
    updated_at: datetime

    @classmethod
    def of(cls, account: ProviderAccount, backend_url: str) -> "AccountOut":
        """The account as it is shown. backend_url: this API as providers reach it."""
        shown = {name: getattr(account, name) for name in ("name", "organization_id", "kind", "channel", "config", "key_id")}
        url = f"{backend_url.rstrip('/')}{callback_path(account)}" if account.kind != "smtp" else None
        return cls(**shown, messages_per_second=account.per_s, updated_at=account.updated_at, callback_url=url)


class RoutePut(BaseModel):
    """By which accounts an organization's messages of a channel go out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"accounts": ["acme-sendgrid", "smtp"]}]})

    accounts: list[AccountName] = Field(
        min_length=1, max_length=5, description="The first choice in front: own accounts, or kinds of the installation's."
    )


class RouteOut(BaseModel):
    """By which accounts an organization's messages of a channel go out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"channel": "email", "accounts": ["acme-sendgrid", "smtp"], "is_own": True}]}
    )

    channel: ChannelName
    accounts: list[str]
    is_own: bool = Field(description="Whether the organization has chosen it; else it is the installation's.")


class AccountStandingOut(StandingOut):
    """How an account stands with all workers, and whose it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "acme-sendgrid",
                    "closed_s": 12.5,
                    "closed_since_s": 47.0,
                    "refuses_us": False,
                    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
                }
            ]
        }
    )

    organization_id: UUID | None = Field(description="Null for an account of the installation.")

    @classmethod
    def standing_of(cls, standing: Standing, organization_id: UUID | None) -> "AccountStandingOut":
        """The standing as it is shown."""
        return cls(**StandingOut.of(standing).model_dump(), organization_id=organization_id)
