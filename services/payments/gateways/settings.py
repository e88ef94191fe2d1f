"""Settings of the installation's own accounts at gateways."""

import re
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.runtime.http.settings import HttpSettings
from shared.runtime.key_lists import AesKeys, aes_keys

GATEWAYS: Final = ("razorpay", "stripe")
Capture = Literal["automatic", "manual"]
Names = Annotated[tuple[str, ...], NoDecode]
"""Names separated by commas."""
_URL: Final = r"^https?://[^\s/?#]+(/[^\s?#]*)?$"
_LINE: Final = r"^[\x21-\x7e]+$"
_NEEDS: Final = {"razorpay": ("razorpay_key_id", "razorpay_key_secret"), "stripe": ("stripe_secret_key",)}


class GatewaySettings(HttpSettings):
    """Who takes payments. What a gateway needs must be set only where it is named."""

    payment_gateway: str | None = Field(
        None,
        description="Who takes payments of organizations without an account of their own: `razorpay` or `stripe`. "
        "Without one they are recorded by hand alone.",
    )
    payment_gateways_by_currency: Names = Field(
        (), description="In the place of `PAYMENT_GATEWAY` for some currencies: `USD=stripe,EUR=stripe`."
    )

    razorpay_key_id: str | None = Field(None, max_length=100, pattern=_LINE, description="For `razorpay`.")
    razorpay_key_secret: SecretStr | None = Field(None, description="Goes together with `RAZORPAY_KEY_ID`.")
    razorpay_webhook_secret: SecretStr | None = Field(None, description="With which it signs its webhooks.")
    razorpay_webhook_secret_previous: SecretStr | None = Field(
        None, description="The one before, for a day after a change: what Razorpay repeats keeps the secret of its time."
    )
    razorpay_base_url: str = Field("https://api.razorpay.com", pattern=_URL, description="Another address for stand-ins.")
    razorpay_capture: Capture = Field(
        "automatic", description="Whether an authorized payment is captured by itself, or by us: `automatic` or `manual`."
    )

    stripe_secret_key: SecretStr | None = Field(None, description="For `stripe`.")
    stripe_publishable_key: str | None = Field(None, max_length=200, pattern=_LINE, description="For the pages of customers.")
    stripe_webhook_secret: SecretStr | None = Field(None, description="With which it signs its webhooks.")
    stripe_webhook_secret_previous: SecretStr | None = Field(None, description="The one before, while it is being changed.")
    stripe_base_url: str = Field("https://api.stripe.com", pattern=_URL, description="Another address for stand-ins.")
    stripe_capture: Capture = Field("automatic", description="As `RAZORPAY_CAPTURE`.")

    backend_url: str = Field(
        "http://localhost:8003",
        pattern=_URL,
        description="This API as others reach it: gateways with their webhooks, manufacturers who answer offers.",
    )
    encryption_keys: AesKeys | None = Field(
        None,
        description="Encrypt the credentials of organizations' own accounts: `<id>:<32 bytes as base64>`, more behind commas; "
        "the first one encrypts.",
    )

    @field_validator("payment_gateways_by_currency", mode="before")
    @classmethod
    def _split_currencies(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("payment_gateway")
    @classmethod
    def _is_supported(cls, value: str | None) -> str | None:
        if value is not None and value not in GATEWAYS:
            raise ValueError(f"names no gateway that is supported; use one of: {', '.join(GATEWAYS)}")
        return value

    @field_validator("payment_gateways_by_currency")
    @classmethod
    def _are_supported(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(rf"[A-Z]{{3}}=({'|'.join(GATEWAYS)})", one):
                raise ValueError(f"write `<currency>=<gateway>`, such as `USD=stripe`; gateways: {', '.join(GATEWAYS)}")
        return value

    @model_validator(mode="after")
    def _gateways_are_set_up(self) -> Self:
        for gateway in sorted({*self.gateways_by_currency.values(), *filter(None, [self.payment_gateway])}):
            missing = [name.upper() for name in _NEEDS[gateway] if getattr(self, name) is None]
            if missing:
                raise ValueError(f"{' and '.join(missing)} must be set, which the gateway {gateway} needs")
        if (self.razorpay_key_id is None) != (self.razorpay_key_secret is None):
            raise ValueError("RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET go together; set both or neither")
        return self

    @property
    def gateways_by_currency(self) -> dict[str, str]:
        """The gateways of the currencies that have one of their own."""
        return {currency: gateway for currency, _, gateway in (one.partition("=") for one in self.payment_gateways_by_currency)}

    @property
    def installed_gateways(self) -> tuple[str, ...]:
        """Those at which the installation has an account, whether it takes new payments or not."""
        return tuple(one for one in GATEWAYS if all(getattr(self, name) is not None for name in _NEEDS[one]))

    @cached_property
    def encryption(self) -> dict[str, bytes]:
        """The encryption keys by their ids; the first one encrypts."""
        return aes_keys(self.encryption_keys)
