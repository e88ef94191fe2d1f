"""A moment as monitoring saw it."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Kind = Literal["realtime", "performance", "dashboard", "clean_up", "caches", "optimization", "archives"]


class Snapshot(Model):
    """One per kind and slot."""

    __tablename__ = "monitoring_snapshots"

    kind: Mapped[Kind] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
