"""API keys as they are decided here; the other services keep what the event tells."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class IssuedKey(Model):
    """A key for machines. secret_hash: all that is kept of its secret."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    organization_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at_service: Mapped[str | None]
