"""Customers as the database holds them; see the migration for what each column says."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

ERASED_NAME: Final = "Erased customer"
REFERENCE: Final = "payments.customer:{}"


class Customer(Model):
    """Somebody who orders and pays. What is written of them raises `version`, which other services are told of."""

    __tablename__ = "customers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    locale: Mapped[str]
    time_zone: Mapped[str]
    address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state_code: Mapped[str | None]
    gstin: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def reference_of(customer_id: UUID) -> str:
    """As other services name the customer."""
    return REFERENCE.format(customer_id)
