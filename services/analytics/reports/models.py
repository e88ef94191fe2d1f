"""Reports as the database holds them; see the migration for what each column says."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

_MOMENT = DateTime(timezone=True)
ReportKind = Literal["daily", "range"]
ReportStatus = Literal["queued", "running", "done", "failed"]


class Report(Model):
    """A report, whether it is made already or not."""

    __tablename__ = "reports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ReportKind]
    organization_id: Mapped[UUID]
    first_day: Mapped[date]
    last_day: Mapped[date]
    as_of: Mapped[datetime] = mapped_column(_MOMENT)
    status: Mapped[ReportStatus]
    step: Mapped[str]
    steps_done: Mapped[int]
    steps: Mapped[int]
    figures: Mapped[str | None] = mapped_column(deferred=True)
    figures_sha256: Mapped[str | None]
    frozen_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(_MOMENT)
    finished_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    error: Mapped[str | None]


class ReportFile(Model):
    """One of its files."""

    __tablename__ = "report_files"

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str]
    rows: Mapped[int | None]


class ReportSubscription(Model):
    """Somebody who gets the daily report."""

    __tablename__ = "report_subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    to_email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    created_by: Mapped[str]
