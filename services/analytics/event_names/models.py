"""Names of events that people have registered."""

from datetime import datetime

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.analytics.event_names.catalogue_models import EventName
from shared.runtime.db import Model

_MOMENT = DateTime(timezone=True)


class RegisteredName(Model):
    """A kind of event that somebody sends by HTTP."""

    __tablename__ = "event_names"

    name: Mapped[str] = mapped_column(primary_key=True)
    description: Mapped[str]
    unit: Mapped[str | None]
    dimension: Mapped[str | None]
    dimension_values: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)

    def event_name(self) -> EventName:
        """The same, as those that are known from the start are."""
        return EventName(self.name, self.description, self.unit, self.dimension, tuple(self.dimension_values))
