"""Shapes of the share links API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ShareLinkOut(BaseModel):
    """A link."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    trip_id: UUID
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class ShareLinkWithPath(ShareLinkOut):
    """A link and where it leads, which is shown this once: only its hash is kept."""

    path: str = Field(
        description="Put the address before it by which passengers reach this service.", examples=["/v1/share/q2w…"]
    )
