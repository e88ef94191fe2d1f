"""Shapes of looks at tables, indexes, partitions and caches."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

AdviceKind = Literal["vacuum", "analyze", "bloat", "unused_index", "repeated_index", "invalid_index", "missing_index"]


class Advice(BaseModel):
    """What somebody should look at. Nothing of it was done."""

    service: str
    kind: AdviceKind
    subject: str = Field(description="A table or an index.")
    detail: str


class SchemaOut(BaseModel):
    """A service's schema as a whole."""

    tables: int
    live_rows: int
    dead_rows: int
    size_bytes: int = Field(description="With indexes.")
    bloat_bytes: int = Field(description="An estimate.")


class SchemaLook(BaseModel):
    """A service's schema before and after; null where its API did not tell."""

    before: SchemaOut | None
    after: SchemaOut | None = Field(description="Of analytics' own; nothing is done to others'.")
    problem: str | None


class Done(BaseModel):
    """A table of analytics that was vacuumed or analysed."""

    kind: Literal["vacuum", "analyze"]
    table: str
    took_s: float
    dead_rows_before: int
    dead_rows_after: int | None
    size_bytes_before: int
    size_bytes_after: int | None
    error: str | None = Field(description="Why it did not end.")


class OptimizationReport(BaseModel):
    """What a look has found, and done."""

    schemas: dict[str, SchemaLook]
    advice: list[Advice]
    done: list[Done]
    partitions_made: dict[str, list[date]] = Field(description="Days that were missing, by table.")
    questions_forgotten: int = Field(description="Of the cache of answers: those that nobody has asked for a day.")


class OptimizationOut(BaseModel):
    """A look, and when it was."""

    at: datetime
    report: OptimizationReport


class OptimizationsOut(BaseModel):
    """The newest first."""

    items: list[OptimizationOut]
