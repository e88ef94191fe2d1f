"""Restores that were tried."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

DrillState = Literal["asked", "running", "passed", "failed"]
_MOMENT = DateTime(timezone=True)


class Drill(Model):
    """A restore into a database of its own. passed: every table had the rows that were dumped."""

    __tablename__ = "restore_drills"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    requested_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(_MOMENT)
    attempt: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    backup_id: Mapped[UUID | None] = mapped_column(ForeignKey("backups.id"))
    took_s: Mapped[float | None]
    size_bytes: Mapped[int | None]
    row_count: Mapped[int | None]
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    error: Mapped[str | None]
