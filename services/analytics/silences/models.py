"""Silences: of what nobody is told for a while."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

_MOMENT = DateTime(timezone=True)


class Silence(Model):
    """rule, subject: patterns in which * stands for any text; null fits everything."""

    __tablename__ = "monitoring_silences"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule: Mapped[str | None]
    subject: Mapped[str | None]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    created_by: Mapped[str]
    until: Mapped[datetime] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_by: Mapped[str | None]

    def fits(self, rule: str, subject: str) -> bool:
        """Whether it is over this alert."""
        return _fits(self.rule, rule) and _fits(self.subject, subject)


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
