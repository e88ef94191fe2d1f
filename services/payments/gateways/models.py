"""The table of organizations' own gateway accounts; see the migration for what each column says."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class GatewayAccount(Model):
    """An organization's own account at a gateway. Written by the statements of `repository.py` alone."""

    __tablename__ = "gateway_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    name: Mapped[str]
    gateway: Mapped[str]
    currencies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rank: Mapped[int]
    active: Mapped[bool]
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[bytes]
    key_id: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def key(self) -> str:
        """Its name among those of all organizations, as payments are stored with it."""
        return f"{self.organization_id}/{self.name}"
