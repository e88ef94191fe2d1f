"""Archives as their readers see them."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.runtime.operations.schemas import Shown


class ArchiveFile(Shown):
    """The manifest of one file."""

    file: str = Field(
        description="In the service's folder of ARCHIVE_DIR.", examples=["trip_flags/trip_flags_20260301_….parquet"]
    )
    source: str = Field(description="The table whose rows it has.")
    row_count: int
    size_bytes: int
    sha256: str
    digest: str | None = Field(description="SHA-256 over all values; null of files from before it was taken.")
    first_key: str | None = Field(description="JSON of its first row's key; null of whole days.")
    last_key: str | None
    oldest_at: datetime | None
    newest_at: datetime | None
    archived_at: datetime


class ArchivedTable(Shown):
    """What there is of one table."""

    table: str
    files: int
    rows: int
    size_bytes: int
    oldest_at: datetime | None = Field(description="Of all rows in files, by the time by which they are old.")
    newest_at: datetime | None
    archived_at: datetime = Field(description="When the newest file was made.")


class ArchivedTables(BaseModel):
    """What the service has archived."""

    items: list[ArchivedTable]
