"""Sessions as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Because = Literal["logout", "revoked", "reuse", "password", "operator", "expired", "abandoned"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One, with what it goes on with."""

    session_id: UUID
    operator_id: UUID
    expires_at: datetime
    used_at: datetime | None
    session_ended: bool
    session_expires_at: datetime


class AccessSession(Model):
    """What begins with a login, and is gone on with by refresh tokens."""

    __tablename__ = "access_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operator_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    address: Mapped[str]
    user_agent: Mapped[str]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_because: Mapped[Because | None] = mapped_column(Text)
