"""Shapes of backups."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.backups.models import BackupState


class BackupOut(BaseModel):
    """A backup."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: BackupState = Field(
        description="`verified`: it is whole, was read back, and is there. `removed`: it was, and is kept no longer."
    )
    requested_by: str
    asked_at: datetime
    attempt: int = Field(description="How often it was begun.")
    started_at: datetime | None
    ended_at: datetime | None
    folder: str | None = Field(description="Its name in the folder of backups.")
    snapshot_at: datetime | None = Field(description="The moment that all of it shows.")
    size_bytes: int | None
    row_count: int | None
    error: str | None = Field(description="Why it failed, or is there no more.")
    removed_at: datetime | None


class BackupSchemaOut(BaseModel):
    """A schema of a backup."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    file: str
    size_bytes: int
    sha256: str
    version: str | None = Field(description="Of the schema: its newest migration.")
    table_count: int
    row_count: int
    started_at: datetime
    ended_at: datetime


class BackupDetail(BackupOut):
    """A backup with what is in it."""

    schemas: list[BackupSchemaOut]


class StandingOut(BaseModel):
    """How safe we are."""

    model_config = ConfigDict(from_attributes=True)

    newest_id: UUID | None = Field(description="Of the newest verified backup.")
    newest_snapshot_at: datetime | None
    recovery_point_age_s: float | None = Field(
        description="RPO: the work of so many seconds would be lost if the database were lost now."
    )
    recovery_time_s: float | None = Field(
        description="RTO: how long the last drill that passed has taken to restore and compare."
    )
    drilled_at: datetime | None
    drilled_backup_id: UUID | None
    last_error: str | None = Field(description="Why the last backup that was asked for has failed; null where it has not.")
