"""Organizations as they are decided here; the other services keep what the event tells."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Status = Literal["active", "suspended"]


class Organization(Model):
    """A tenant."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[Status] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
