"""What an import answers."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ImportProblem(BaseModel):
    """One thing that is wrong with a row."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Counted from 1; the header is a line, too.", examples=[17])
    column: str | None = Field(
        description="As the file calls it; null where the row as a whole is wrong.", examples=["current_eta"]
    )
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
    problems: list[ImportProblem] = Field(description="The first ones, in the order of the file; `max_problems` says how many.")
    problems_left_off: int = Field(examples=[0])
