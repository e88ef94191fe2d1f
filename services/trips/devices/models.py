"""Devices as the database holds them; see the migration for what each column says."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Protocol = Literal["api", "osmand", "owntracks"]


class Device(Model):
    """Something that reports where one vehicle is.

    identifier: what it calls itself by its protocol: the id of OsmAnd and Traccar Client, `user/device` of OwnTracks.
    token_hash: SHA-256 of its secret. token_required: False for a client that cannot send one.
    """

    __tablename__ = "devices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    protocol: Mapped[Protocol] = mapped_column(Text)
    identifier: Mapped[str]
    label: Mapped[str | None]
    token_hash: Mapped[bytes]
    token_required: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
