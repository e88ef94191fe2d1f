"""The table of registered texts; see migration 0014 for what each column says."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class DltClass(StrEnum):
    """As TRAI's rules name them. P: promotional. SE: service, explicit, by the customer's consent. SI: service, implicit, of what
    the customer has bought. T: transactional, a bank's one-time password. P and SE go out from 10:00 to 21:00 alone."""

    PROMOTIONAL = "P"
    SERVICE_EXPLICIT = "SE"
    SERVICE_IMPLICIT = "SI"
    TRANSACTIONAL = "T"


DAYTIME_ONLY = frozenset({DltClass.PROMOTIONAL, DltClass.SERVICE_EXPLICIT})


class RegisteredText(Model):
    """A text as the registry has it. variables: by MSG91's names, in the order of the placeholders."""

    __tablename__ = "dlt_templates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    dlt_template_id: Mapped[str]
    provider_template_id: Mapped[str]
    entity_id: Mapped[str]
    header: Mapped[str]
    dlt_class: Mapped[str] = mapped_column("class")
    text: Mapped[str]
    variables: Mapped[list[str]] = mapped_column(ARRAY(Text))
    template_name: Mapped[str | None]
    locale: Mapped[str | None]
    active: Mapped[bool]
    revision: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
