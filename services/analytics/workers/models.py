"""Workers as the collector wrote them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, REAL, BigInteger, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class KnownWorker(Model):
    """One row per host name. Times are the collector's. running: [delivery, name, lane, seconds] each. disks: as
    `shared.runtime.worker.disks` tells them."""

    __tablename__ = "workers"

    hostname: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str | None]
    lanes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    slots: Mapped[int]
    pid: Mapped[int | None]
    running: Mapped[list[Any]] = mapped_column(JSONB)
    processed: Mapped[int | None] = mapped_column(BigInteger)
    load_1m: Mapped[float | None] = mapped_column(REAL)
    rss_bytes: Mapped[int | None] = mapped_column(BigInteger)
    disks: Mapped[list[Any]] = mapped_column(JSONB)
    first_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    progressed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    stopped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
