"""The tables of in-app inboxes; see migration 0011 for what each column says."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class InAppItem(Model):
    """One item of a person's inbox. Written by the statements of `repository.py` alone."""

    __tablename__ = "in_app_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[str]
    organization_id: Mapped[UUID | None]
    delivery_id: Mapped[UUID]
    category: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str | None]
    subject_key: Mapped[str | None]
    seq: Mapped[int]
    changed_seq: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
