"""Operators as the database holds them; see the migration for what each column says."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Role = Literal["viewer", "operator", "admin"]


class Operator(Model):
    """Somebody who comes in with a password."""

    __tablename__ = "operators"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(Text)
    password_hash: Mapped[str]
    password_once: Mapped[bool]
    password_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_login_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def subject(self) -> str:
        """What the operator's tokens are about, and what stands in audits."""
        return f"operator:{self.id}"
