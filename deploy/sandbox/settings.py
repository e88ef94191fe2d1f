"""Settings of the sandbox, all optional, from the environment under the prefix SANDBOX_."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_URL = r"^https?://[^\s/?#]+(/[^\s?#]*)?$"


class Settings(BaseSettings):
    """What the sandbox can be told. A port of 0 takes any free one; the announcement at start names it."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="SANDBOX_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on, for HTTP and SMTP.")
    http_port: int = Field(8025, ge=0, le=65_535)
    smtp_port: int = Field(2525, ge=0, le=65_535)
    data: Path | None = Field(None, description="Folder in which what was received survives a restart; memory without it.")
    max_messages: int = Field(50_000, ge=1, description="How many received messages are kept; the oldest go first.")
    smtp_user: str | None = Field(None, description="Login that SMTP clients must use (AUTH LOGIN or PLAIN).")
    smtp_password: SecretStr | None = None
    bounce_address: str | None = Field(
        None,
        pattern=r"^[^@\s+]+@[^@\s]+$",
        description="Mails to this address, or to one of its own with a + behind its name, are handed to the notifications API.",
    )
    bounce_secret: SecretStr | None = Field(None, description="The bearer token with which they are.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="starttls: required; tls: from the first byte.")
    callback_url: str | None = Field(
        None,
        pattern=_URL,
        description="The notifications API, for call-backs (<url>/v1/callbacks/...); none are sent without it.",
    )
    sendgrid_api_key: SecretStr = Field(SecretStr("sandbox"), description="The key that SendGrid's clients must show.")
    sendgrid_event_key_file: Path | None = Field(
        None,
        description="PEM file of the EC key that signs SendGrid's events, made where it is missing; else new at each start.",
    )
    ses_region: str = Field("ap-south-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    ses_access_key_id: str = "sandbox"
    ses_secret_access_key: SecretStr = SecretStr("sandbox")
    sns_topic_arn: str = Field(
        "arn:aws:sns:ap-south-1:000000000000:ses", pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$"
    )
    sns_signature_version: Literal["1", "2"] = Field("2", description="1 signs with SHA-1, which topics of SNS still begin with.")

    twilio_account_sid: str = Field("AC" + "5a" * 16, pattern=r"^AC[0-9a-fA-F]{32}$")
    twilio_auth_token: SecretStr = Field(SecretStr("sandbox"), description="The login of Twilio's clients; signs its call-backs.")
    msg91_auth_key: SecretStr = Field(SecretStr("sandbox"), description="The key that MSG91's clients must show.")
    msg91_callback_secret: SecretStr = Field(
        SecretStr("sandbox-msg91-reports"), description="MSG91 reports to <callback URL>/v1/callbacks/msg91/<this>."
    )

    razorpay_key_id: str = Field("rzp_test_WaybillSandbx0", pattern=r"^rzp_(test|live)_[A-Za-z0-9]{14}$")
    razorpay_key_secret: SecretStr = Field(SecretStr("sandbox"), description="The login of Razorpay's clients; signs checkouts.")
    razorpay_webhook_url: str | None = Field(None, pattern=_URL, description="Where Razorpay's events go; none without it.")
    razorpay_webhook_secret: SecretStr = Field(SecretStr("sandbox"), description="Signs Razorpay's events.")
    stripe_secret_key: SecretStr = Field(SecretStr("sk_test_sandbox"), description="The key that Stripe's clients must show.")
    stripe_webhook_url: str | None = Field(None, pattern=_URL, description="Where Stripe's events go; none without it.")
    stripe_webhook_secret: SecretStr = Field(SecretStr("whsec_sandbox"), description="Signs Stripe's events.")

    carrier_api_key: SecretStr = Field(SecretStr("sandbox"), description="The key that readers of the carrier's feed must show.")

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("SANDBOX_SMTP_USER and SANDBOX_SMTP_PASSWORD belong together: set both or neither")
        if (self.bounce_address is None) != (self.bounce_secret is None):
            raise ValueError("SANDBOX_BOUNCE_ADDRESS and SANDBOX_BOUNCE_SECRET belong together: set both or neither")
        return self

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings, also from SANDBOX_ENV_FILE, or stop with one sentence for each that is wrong."""
        try:
            return cls(_env_file=os.environ.get("SANDBOX_ENV_FILE"), **overrides)
        except ValidationError as error:
            raise SystemExit("\n".join(_sentence(problem) for problem in error.errors(include_input=False))) from None


def _sentence(problem: Any) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    what = problem["msg"].removeprefix("Value error, ")
    return f"sandbox: SANDBOX_{name}: {what}" if name else f"sandbox: {what}"
