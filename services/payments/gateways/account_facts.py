"""What an account of each kind needs: the same for the settings of the process and for what an organization stores."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

_LINE: Final = r"^[\x21-\x7e]+$"

Secret = Annotated[SecretStr, Field(min_length=1, max_length=500)]
"""Kept encrypted, and never shown."""


class AccountFacts(BaseModel):
    """capture: whether an authorized payment is captured by itself. webhook_secret_previous: valid beside the other while it is
    being changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    kind: ClassVar[str]

    webhook_secret: Secret | None = Field(None, description="With which the gateway signs its webhooks.")
    webhook_secret_previous: Secret | None = Field(None, description="The one before, for a day after a change.")
    capture: Literal["automatic", "manual"] = Field(
        "automatic", description="Whether an authorized payment is captured by itself, or by us."
    )

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """The names of the fields that are kept encrypted."""
        return frozenset(name for name, field in cls.model_fields.items() if "SecretStr" in str(field.annotation))

    @property
    def webhook_secrets(self) -> Sequence[str]:
        """All that are valid."""
        found = (self.webhook_secret, self.webhook_secret_previous)
        return tuple(one.get_secret_value() for one in found if one is not None)

    def parted(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What is no secret, and what is: as they are stored."""
        names = self.secrets()
        config = self.model_dump(mode="json", exclude=set(names), exclude_none=True)
        hidden = {name: getattr(self, name) for name in sorted(names)}
        return config, {name: one.get_secret_value() for name, one in hidden.items() if one is not None}


class RazorpayFacts(AccountFacts):
    """An account at Razorpay."""

    kind: ClassVar[str] = "razorpay"

    key_id: str = Field(max_length=100, pattern=_LINE, description="Its pages need it, too.")
    key_secret: Secret


class StripeFacts(AccountFacts):
    """An account at Stripe."""

    kind: ClassVar[str] = "stripe"

    publishable_key: str | None = Field(None, max_length=200, pattern=_LINE, description="For the pages of customers.")
    secret_key: Secret


FACTS: Final[Mapping[str, type[AccountFacts]]] = {one.kind: one for one in (RazorpayFacts, StripeFacts)}
