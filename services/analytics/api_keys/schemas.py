"""Shapes of the API keys API."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.analytics.access_fields import Name, Scopes


class ApiKeyIn(BaseModel):
    """An API key to create."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="What it is for.", examples=["the warehouse's scanner"])
    scopes: Scopes = Field(description="At most those that you hold.")
    organization_id: UUID | None = Field(
        default=None, description="Whose rows alone it opens; null for everybody's. Whoever is bound to one implies it."
    )
    expires_at: AwareDatetime | None = Field(default=None, description="Null for a key that is good until it is revoked.")


class ApiKeyOut(BaseModel):
    """An API key."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    scopes: list[str]
    organization_id: UUID | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = Field(description="Since when it opens nothing.")
    last_used_at: datetime | None = Field(description="To within five minutes.")
    last_used_at_service: str | None


class ApiKeyWithSecret(ApiKeyOut):
    """An API key as its holder needs it, which is shown this once: only a hash is kept."""

    key: str = Field(examples=["wb_k3v9x0a1b2c3_Zk3vQ9x0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r"])
