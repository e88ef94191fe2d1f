"""Shapes of signing keys."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.access_fields import Reason


class JwksOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class SigningKeyOut(BaseModel):
    """A key that signs operators' tokens, without its private half."""

    model_config = ConfigDict(from_attributes=True)

    kid: str
    created_at: datetime
    created_by: str
    signs_from: datetime = Field(description="Before, it is only listed, so that every service knows it when it signs.")
    listed_until: datetime | None = Field(description="When its last token has expired; null for the newest.")


class LostKey(BaseModel):
    """A key that somebody else may have."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["a copy of the database was left on a train"])
