"""Archives of all services, on the wire."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.runtime.operations.archives.schemas import ArchivedTable


class ServiceArchives(BaseModel):
    """What one service has archived."""

    service: str
    at: datetime | None = Field(description="When it said so; null where it never has.")
    problem: str | None = Field(description="Why it does not say so now; then this is what was kept last.")
    files: int
    rows: int
    size_bytes: int
    tables: list[ArchivedTable]


class ArchivesOut(BaseModel):
    """What all services have archived."""

    is_complete: bool = Field(description="Whether every service says so now.")
    files: int
    rows: int
    size_bytes: int
    items: list[ServiceArchives]
