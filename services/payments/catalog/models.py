"""Products as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.money.models import Minor
from shared.runtime.db import Model

SKU: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
MAX_QUANTITY: Final = 100_000
MAX_LINES: Final = 200


class _Product:
    """What is known of a product at a version."""

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    hsn_sac: Mapped[str]
    unit_price_minor: Mapped[Minor]
    currency: Mapped[str]
    tax_rate_bp: Mapped[int]
    capability: Mapped[str | None]
    lead_time_days: Mapped[int]
    active: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str]


class Product(_Product, Model):
    """A product as it is sold now."""

    __tablename__ = "products"

    version: Mapped[int]


class ProductVersion(_Product, Model):
    """A product as it was from a change to the next. The database writes them."""

    __tablename__ = "product_versions"

    version: Mapped[int] = mapped_column(primary_key=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a customer was shown of a line. tax_rate_bp: None where they were shown the price alone."""

    sku: str
    unit_price_minor: int
    tax_rate_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed about a line since. The new values are None where the product is not sold any more."""

    sku: str
    kind: Literal["price", "tax_rate", "unavailable"]
    old_unit_price_minor: int
    new_unit_price_minor: int | None
    old_tax_rate_bp: int | None
    new_tax_rate_bp: int | None
