"""Gateway accounts on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.gateways.account_facts import AccountFacts, RazorpayFacts, StripeFacts
from services.payments.gateways.models import GatewayAccount
from services.payments.gateways.paths import webhook_path
from services.payments.gateways.service import Use

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,49}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

_RAZORPAY: Final[dict[str, Any]] = {"gateway": "razorpay", "key_id": "rzp_live_ILgsfZCZoFIKMb", "capture": "automatic"}


class _UsePut(BaseModel):
    currencies: list[Currency] = Field(
        default_factory=list, max_length=50, description="For which it is chosen; none for all that have no account of their own."
    )
    rank: int = Field(100, ge=0, le=1000, description="The lowest one is the first choice.")
    active: bool = Field(True, description="Whether it takes new payments. Old ones are captured and refunded all the same.")

    @property
    def use(self) -> Use:
        """How the account is used."""
        return Use(sorted(set(self.currencies)), self.rank, self.active)


class RazorpayAccountPut(RazorpayFacts, _UsePut):
    """An account at Razorpay. What is left out of it is forgotten."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_RAZORPAY, "key_secret": "…", "webhook_secret": "…", "currencies": ["INR"]}]}
    )

    gateway: Literal["razorpay"]

    @property
    def facts(self) -> AccountFacts:
        return RazorpayFacts.model_validate({name: getattr(self, name) for name in RazorpayFacts.model_fields})


class StripeAccountPut(StripeFacts, _UsePut):
    """An account at Stripe. What is left out of it is forgotten."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"gateway": "stripe", "secret_key": "sk_live_…", "currencies": ["EUR", "USD"]}]}
    )

    gateway: Literal["stripe"]

    @property
    def facts(self) -> AccountFacts:
        return StripeFacts.model_validate({name: getattr(self, name) for name in StripeFacts.model_fields})


AccountPut = Annotated[RazorpayAccountPut | StripeAccountPut, Field(discriminator="gateway")]


class AccountOut(BaseModel):
    """A gateway account, without its credentials."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "acme-razorpay",
                    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
                    "gateway": "razorpay",
                    "currencies": ["INR"],
                    "rank": 100,
                    "active": True,
                    "config": {"key_id": "rzp_live_ILgsfZCZoFIKMb", "capture": "automatic"},
                    "encrypted_with": "k1",
                    "webhook_url": "https://api.example.com/v1/webhooks/accounts/019a9f5e-0b00-7e21-b7c4-90ab12cd34ef",
                    "created_at": "2026-11-20T06:00:00.120000Z",
                    "updated_at": "2026-11-20T06:00:00.120000Z",
                }
            ]
        }
    )

    name: str
    organization_id: UUID
    gateway: Literal["razorpay", "stripe"]
    currencies: list[str]
    rank: int
    active: bool
    config: dict[str, Any] = Field(description="What is no secret.")
    encrypted_with: str = Field(description="Under which of ENCRYPTION_KEYS its credentials are.")
    webhook_url: str = Field(description="Where the gateway is to send its webhooks.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, account: GatewayAccount, backend_url: str) -> "AccountOut":
        """The account as it is shown. backend_url: this API as gateways reach it."""
        names = ("name", "organization_id", "gateway", "currencies", "rank", "active", "config", "created_at", "updated_at")
        url = f"{backend_url.rstrip('/')}{webhook_path(account.id)}"
        return cls(**{name: getattr(account, name) for name in names}, encrypted_with=account.key_id, webhook_url=url)
