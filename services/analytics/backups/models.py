"""Backups that were made, and what is in them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

BackupState = Literal["asked", "running", "verified", "failed", "removed"]
_MOMENT = DateTime(timezone=True)


class Backup(Model):
    """A backup. verified: it is whole, was read back, and is there."""

    __tablename__ = "backups"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    requested_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(_MOMENT)
    attempt: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    folder: Mapped[str | None]
    snapshot_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    size_bytes: Mapped[int | None]
    row_count: Mapped[int | None]
    error: Mapped[str | None]
    removed_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class BackupSchema(Model):
    """A schema of a backup."""

    __tablename__ = "backup_schemas"

    backup_id: Mapped[UUID] = mapped_column(ForeignKey("backups.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    version: Mapped[str | None]
    table_count: Mapped[int]
    row_count: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime] = mapped_column(_MOMENT)
