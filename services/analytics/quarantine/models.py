"""Events that were put aside."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from services.analytics.events.event_models import Reason
from shared.runtime.db import Model

_MOMENT = DateTime(timezone=True)


class QuarantinedEvent(Model):
    """An event that was not taken, as it came. The same one again counts in `times`."""

    __tablename__ = "quarantined_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    fingerprint: Mapped[bytes]
    reason: Mapped[Reason]
    detail: Mapped[str]
    event_name: Mapped[str | None]
    payload: Mapped[str]
    first_at: Mapped[datetime] = mapped_column(_MOMENT)
    last_at: Mapped[datetime] = mapped_column(_MOMENT)
    times: Mapped[int]
    state: Mapped[str]
    decided_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    decided_by: Mapped[str | None]
    note: Mapped[str | None]
