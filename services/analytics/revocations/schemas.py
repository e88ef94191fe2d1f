"""Shapes of revocations and introspection."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.analytics.access_fields import Reason

TokenText = Field(min_length=1, max_length=8192, description="A JSON Web Token or an API key.")


class RevocationIn(BaseModel):
    """What is refused from now on: one token, everything about a subject, or everything that a key has signed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"subject": "operator:local", "reason": "the laptop was stolen"}]}
    )

    token: str | None = Field(default=None, min_length=1, max_length=8192)
    subject: str | None = Field(default=None, min_length=1, max_length=250, pattern=r"^[^\x00-\x20]+$")
    key_id: str | None = Field(default=None, min_length=1, max_length=250, pattern=r"^[^\x00-\x20]+$")
    issued_until: AwareDatetime | None = Field(
        default=None, description="Of a subject: tokens issued later are good. Now if null."
    )
    reason: Reason

    @model_validator(mode="after")
    def names_one(self) -> Self:
        """One thing at a time."""
        if sum(one is not None for one in (self.token, self.subject, self.key_id)) != 1:
            raise ValueError("name one of token, subject and key_id")
        return self


class TokenIn(BaseModel):
    """A token to look at."""

    model_config = ConfigDict(extra="forbid")

    token: str = TokenText


class Introspection(BaseModel):
    """What a token is worth now (RFC 7662). Of one that is not good, nothing else is said."""

    active: bool
    sub: str | None = None
    kind: Literal["user", "service", "api_key"] | None = None
    scope: str | None = None
    roles: list[str] = Field(default_factory=list)
    org: UUID | None = None
    exp: datetime | None = None
