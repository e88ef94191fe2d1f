"""What a backup says of itself, in `manifest.json` beside its files."""

from datetime import datetime
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.runtime.dumps.errors import BackupDamaged

NAME: Final = "manifest.json"
DRAFT_PREFIX: Final = "."
"""A folder whose name begins so is no backup yet, or no more."""


class DumpedSchema(BaseModel):
    """The file of one schema."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[a-z_]{1,60}$")
    file: str = Field(pattern=r"^[a-z_]{1,60}\.dump$")
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    version: str | None = Field(description="Of the schema: its newest migration.")
    rows: dict[str, int] = Field(description="By table, in the snapshot of the dump.")
    started_at: AwareDatetime
    ended_at: AwareDatetime


class Manifest(BaseModel):
    """A whole backup. snapshot_at: the moment that it shows, by the database's clock."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    id: UUID
    database: str
    server_version: int
    snapshot_at: AwareDatetime
    started_at: AwareDatetime
    ended_at: AwareDatetime
    extensions: tuple[str, ...]
    schemas: tuple[DumpedSchema, ...]

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(schema.size_bytes for schema in self.schemas)

    @property
    def row_count(self) -> int:
        """All tables together."""
        return sum(sum(schema.rows.values()) for schema in self.schemas)


def folder_name(snapshot_at: datetime, key: UUID) -> str:
    """What a backup is called: sorted by name they are sorted by time, to the microsecond."""
    return f"{snapshot_at:%Y%m%dT%H%M%S.%fZ}-{key.hex[-8:]}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupDamaged."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise BackupDamaged(f"{folder / NAME} cannot be read: {error.strerror}; this is not the folder of a backup") from None
    except ValidationError as error:
        raise BackupDamaged(f"{folder / NAME} is not a manifest: {error.errors()[0]['msg']}") from None


def backups_in(folder: Path) -> list[Path]:
    """The backups of a folder, the oldest first."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if not path.name.startswith(DRAFT_PREFIX))
    return sorted(path for path in found if (path / NAME).is_file())
