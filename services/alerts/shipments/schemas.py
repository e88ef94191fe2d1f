"""Shapes of the shipments API."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alerts.shipments.models import Status


class ShipmentOut(BaseModel):
    """A shipment."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    customer: str = Field(examples=["Nordlicht Handels GmbH"])
    reference: str = Field(examples=["MAEU1234567"])
    carrier: str = Field(examples=["Maersk"])
    origin: str = Field(examples=["CNSHA"])
    destination: str = Field(examples=["DEHAM"])
    original_eta: date = Field(description="The first ETA that we were told.")
    current_eta: date
    eta_revision: int = Field(description="How many ETAs we were told, this one included.")
    status: Status
    recipient_email: str = Field(examples=["customs.desk@example.com"])
    next_evaluation_on: date | None = Field(
        description="The day on which it reaches its next step of lateness; null when there is none to reach."
    )
    created_at: datetime
    updated_at: datetime


class ImportProblem(BaseModel):
    """One thing that is wrong with a row."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Counted from 1; the header is a line, too.", examples=[17])
    column: str | None = Field(description="Null where the row as a whole is wrong.", examples=["current_eta"])
    reason: str = Field(examples=["is not a date like 2026-11-20"])


class ImportReport(BaseModel):
    """What became of a file: rows = created + updated + unchanged + rejected."""

    organization_id: UUID
    rows: int = Field(description="Rows with anything in them, without the header.", examples=[200])
    created: int = Field(examples=[180])
    updated: int = Field(examples=[15])
    eta_revised: int = Field(
        description="How many of the updated ones got another ETA, and so can reach each step anew.", examples=[4]
    )
    unchanged: int = Field(examples=[3])
    rejected: int = Field(description="Rows that were not taken; `problems` says why.", examples=[2])
    problems: list[ImportProblem] = Field(description="The first 1,000, in the order of the file.")
    problems_left_off: int = Field(examples=[0])
