"""Shipments as the database holds them, and as a file tells them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Status = Literal["in_transit", "arrived", "customs_hold", "released", "delivered", "cancelled"]
Mode = Literal["sea", "air", "road", "rail", "parcel", "multimodal"]
HoldKind = Literal["customs", "freight", "document", "inspection", "other"]

FIRST_ETA: Final = date(2000, 1, 1)
LAST_ETA: Final = date(2099, 12, 31)
"""The bounds of every day of a shipment: what lies outside is a slip of the pen."""

IMPORT: Final = "system:import"
"""Who changed a shipment when nobody is named: `changed_by`."""

MAX_ACTOR: Final = 200
"""How much of a caller's name is kept."""


class Shipment(Model):
    """One consignment of an organization. Written by the statements of this folder's repositories alone.

    watched: whether lateness matters in this status. changed_by: whom the newest version comes from. told_at: from when the
    news is that ETA and status come from; None until somebody has told more than was first written.
    """

    __tablename__ = "shipments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer: Mapped[str]
    reference: Mapped[str]
    mode: Mapped[Mode | None] = mapped_column(Text)
    carrier: Mapped[str]
    origin: Mapped[str]
    destination: Mapped[str]
    original_eta: Mapped[date]
    current_eta: Mapped[date]
    eta_revision: Mapped[int]
    status: Mapped[Status] = mapped_column(Text)
    watched: Mapped[bool]
    recipients: Mapped[list[str]] = mapped_column(ARRAY(Text))
    last_free_day: Mapped[date | None]
    missing_documents: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int]
    changed_by: Mapped[str]
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ShipmentHold(Model):
    """Why goods are held. released_on: None while it is in force. fee_minor: what it costs, in `currency`."""

    __tablename__ = "shipment_holds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID]
    kind: Mapped[HoldKind] = mapped_column(Text)
    placed_on: Mapped[date]
    released_on: Mapped[date | None]
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EtaRevision(Model):
    """One ETA that we were told. Written by triggers."""

    __tablename__ = "eta_revisions"

    shipment_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    eta: Mapped[date]
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    told_by: Mapped[str]


class Transition(Model):
    """One change of status that is legal."""

    __tablename__ = "shipment_status_transitions"

    from_status: Mapped[Status] = mapped_column(Text, primary_key=True)
    to_status: Mapped[Status] = mapped_column(Text, primary_key=True)


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What one row of an import says about a shipment, checked.

    given: which of the optional columns the row has; what it lacks is left as it is. holds: the kinds in force.
    """

    reference: str
    customer: str
    carrier: str
    origin: str
    destination: str
    current_eta: date
    status: str
    recipients: tuple[str, ...]
    mode: str | None = None
    last_free_day: date | None = None
    missing_documents: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
