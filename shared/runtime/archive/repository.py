"""The statements of archiving rows: which are old, the manifest, and the end of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from shared.runtime.archive.columns import Column
from shared.runtime.archive.rules import Rule
from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = text("""
    SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
     WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('archive:' || current_schema(), 0))")
_NOTE: Final = text("""
    INSERT INTO archives (file, source, row_count, size_bytes, sha256, digest, first_key, last_key, oldest_at, newest_at,
                          archived_at)
    VALUES (:file, :source, :row_count, :size_bytes, :sha256, :digest, :first_key, :last_key, :oldest_at, :newest_at,
            :archived_at)
""")
_NOTED: Final = text("SELECT file, sha256 FROM archives WHERE file = ANY(CAST(:files AS text[]))")
_MANIFESTS: Final = text("SELECT * FROM archives WHERE file > :after ORDER BY file LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Page:
    """Locked rows of a table, in the order of their keys. values: of the columns; places: where the rows are in the table."""

    columns: Sequence[Column]
    values: Sequence[Sequence[Any]]
    places: Sequence[str]
    keys: Sequence[str]
    moments: Sequence[datetime]


class ArchiveReader:
    """Reads manifests."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def noted(self, files: Sequence[str]) -> dict[str, str]:
        """Of these files those that have a manifest, each with the SHA-256 in it."""
        return {row.file: row.sha256 for row in await self._session.execute(_NOTED, {"files": list(files)})}

    async def manifests(self, after: str, limit: int) -> Sequence[Any]:
        """Some manifests behind this file, in the order of their names."""
        return (await self._session.execute(_MANIFESTS, {"after": after, "limit": limit})).all()


class RowRepository(ArchiveReader):
    """Takes rows out of tables, in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session: Session = session

    async def be_alone(self) -> None:
        """Wait until nobody else archives rows of this schema; it lasts until the unit of work ends."""
        await self._session.execute(_ALONE)

    async def page(self, rule: Rule, before: datetime) -> Page:
        """The first rows of the rule that are older, locked. What somebody holds is left for the next time."""
        found = await self._session.execute(_COLUMNS, {"name": rule.table})
        columns = [Column(row.attname, row.typname) for row in found if row.attname in rule.kept]
        names = ", ".join(f"old.{column.selected}" for column in columns)
        key = ", ".join(f'old."{name}"' for name in rule.key)
        rows = await self._session.execute(
            text(f"""
                SELECT old.ctid::text, jsonb_build_array({key})::text, {rule.when}, {names} FROM "{rule.table}" AS old
                 WHERE {rule.when} < :before AND ({rule.only}) ORDER BY {key} LIMIT :limit FOR UPDATE OF old SKIP LOCKED
            """),  # noqa: S608  # put together from the constants of a rule and the catalogue
            {"before": before, "limit": rule.page},
        )
        places, keys, moments, values = [], [], [], []
        for row in rows:
            places.append(row[0])
            keys.append(row[1])
            moments.append(row[2])
            values.append([column.plain(value) for column, value in zip(columns, row[3:], strict=True)])
        return Page(columns, values, places, keys, moments)

    async def note(self, manifest: dict[str, Any]) -> None:
        """Record what a file has."""
        await self._session.execute(_NOTE, manifest)

    async def delete(self, rule: Rule, places: Sequence[str]) -> int:
        """Delete locked rows, and return how many they were."""
        gone: Any = await self._session.execute(
            text(f'DELETE FROM "{rule.table}" WHERE ctid = ANY(CAST(CAST(:places AS text[]) AS tid[]))'),  # noqa: S608  # as above
            {"places": list(places)},
        )
        return int(gone.rowcount)
