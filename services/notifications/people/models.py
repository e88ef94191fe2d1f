"""The table of people; see migration 0003 for what each column says."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class Person(Model):
    """Somebody who is told things. Written by the statements of `repository.py` alone.

    locale: a BCP 47 tag such as `de-AT`. time_zone: a name of the IANA database. entity_version: the owner's count of
    changes, 0 while the owner has said nothing. revision: our count, which an operator's change raises as well.
    """

    __tablename__ = "people"

    reference: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    locale: Mapped[str | None]
    time_zone: Mapped[str | None]
    entity_version: Mapped[int]
    revision: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
