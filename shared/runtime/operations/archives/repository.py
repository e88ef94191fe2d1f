"""Reading the manifests of archives."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_

from shared.runtime.db import ReadSession
from shared.runtime.operations.tables import ARCHIVES, AnyRow


class ArchiveRepository:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, source: str | None, *, before: tuple[Any, ...] | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` manifests, the newest first. before: (archived_at, file) of the last one shown."""
        query = select(ARCHIVES)
        if source is not None:
            query = query.where(ARCHIVES.c.source == source)
        if before is not None:
            query = query.where(tuple_(ARCHIVES.c.archived_at, ARCHIVES.c.file) < tuple_(*before))
        return (
            await self._session.execute(query.order_by(ARCHIVES.c.archived_at.desc(), ARCHIVES.c.file.desc()).limit(limit))
        ).all()

    async def sums(self) -> Sequence[AnyRow]:
        """What there is of each table, by name. The days of a partitioned table are one."""
        table = func.regexp_replace(ARCHIVES.c.source, r"_\d{8}$", "").label("table")
        query = select(
            table,
            func.count().label("files"),
            func.sum(ARCHIVES.c.row_count).label("rows"),
            func.sum(ARCHIVES.c.size_bytes).label("size_bytes"),
            func.min(ARCHIVES.c.oldest_at).label("oldest_at"),
            func.max(ARCHIVES.c.newest_at).label("newest_at"),
            func.max(ARCHIVES.c.archived_at).label("archived_at"),
        )
        return (await self._session.execute(query.group_by(table).order_by(table))).all()
