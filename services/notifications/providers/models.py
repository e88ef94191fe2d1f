"""The tables of provider accounts and routes; see migration 0007 for what each column says."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class ProviderAccount(Model):
    """An organization's own account at a provider. Written by the statements of `repository.py` alone."""

    __tablename__ = "provider_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    name: Mapped[str]
    kind: Mapped[str]
    channel: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[bytes]
    key_id: Mapped[str]
    per_s: Mapped[float | None]
    revision: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ProviderRoute(Model):
    """By which accounts an organization's messages of one channel go out, the first choice in front."""

    __tablename__ = "provider_routes"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    accounts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    revision: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def account_key(account: ProviderAccount) -> str:
    """By what all workers know an organization's account; one of the installation goes by its name, which is its kind."""
    return f"{account.organization_id}/{account.name}"
