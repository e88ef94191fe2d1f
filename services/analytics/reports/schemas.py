"""Shapes of reports."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.reports.models import Report, ReportFile, ReportKind, ReportStatus
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.contracts.analytics.reports import ToEmail
from shared.contracts.message import UtcDatetime


class ReportIn(BaseModel):
    """Which report is wanted."""

    model_config = ConfigDict(extra="forbid")

    first: date = Field(alias="from", description="The first day, in UTC.", examples=["2026-11-01"])
    last: date = Field(alias="to", description="The last day, included; 366 days at most.", examples=["2026-11-20"])
    as_of: UtcDatetime | None = Field(
        default=None, description="The same days as of the same moment are the same report, byte by byte; else it is of now."
    )
    to_email: Annotated[list[ToEmail], Field(max_length=20, description="Who is mailed links to it, each once.")] = []


class ReportFileOut(BaseModel):
    """A file of a report."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    media_type: str
    sha256: str
    rows: int | None


class ReportOut(BaseModel):
    """A report, and how far it is."""

    id: UUID
    kind: ReportKind
    organization_id: UUID | None = Field(description="Null: of all together.")
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    as_of: datetime
    status: ReportStatus
    step: str = Field(description="What is being done, or was done last.")
    progress: float = Field(description="0 to 1.")
    figures_sha256: str | None = Field(description="Of the frozen figures that all files follow from.")
    frozen_at: datetime | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, report: Report) -> Self:
        """As it is shown."""
        return cls(
            id=report.id,
            kind=report.kind,
            organization_id=None if report.organization_id == EVERYBODY else report.organization_id,
            first=report.first_day,
            last=report.last_day,
            as_of=report.as_of,
            status=report.status,
            step=report.step,
            progress=round(report.steps_done / report.steps, 3),
            figures_sha256=report.figures_sha256,
            frozen_at=report.frozen_at,
            requested_by=report.requested_by,
            requested_at=report.requested_at,
            finished_at=report.finished_at,
            error=report.error,
        )


class ReportDetail(BaseModel):
    """A report with the files that are made of it."""

    report: ReportOut
    files: list[ReportFileOut]

    @classmethod
    def of(cls, report: Report, files: list[ReportFile]) -> Self:
        """As it is shown."""
        return cls(report=ReportOut.of(report), files=[ReportFileOut.model_validate(one) for one in files])


class VerifiedOut(BaseModel):
    """Whether a report's files are what its figures give again."""

    is_same: bool
    differing: list[str] = Field(description="Names of files that are not.")


class SubscriptionIn(BaseModel):
    """Who is to get the daily report."""

    model_config = ConfigDict(extra="forbid")

    to_email: ToEmail


class SubscriptionOut(BaseModel):
    """Somebody who gets the daily report."""

    id: UUID
    organization_id: UUID | None = Field(description="Whose figures; null for those of all together.")
    to_email: str
    created_at: datetime
    created_by: str
