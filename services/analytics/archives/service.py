"""What every service has archived: as it says now, or as it was kept last."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.analytics.archives.schemas import ArchivesOut, ServiceArchives
from services.analytics.owners.answers import Answer
from services.analytics.owners.service import Owners
from services.analytics.snapshots.repository import SnapshotReader
from shared.runtime.operations.archives.schemas import ArchivedTable, ArchivedTables

TABLES: Final = "/v1/operations/archives/tables"


class Archives:
    """Asks all services, and falls back on what was kept."""

    def __init__(self, owners: Owners, snapshots: SnapshotReader) -> None:
        self._owners = owners
        self._snapshots = snapshots

    async def all(self) -> ArchivesOut:
        """One part for each service."""
        answers = await self._owners.ask(TABLES, ArchivedTables)
        kept = await self._snapshots.newest("archives")
        parts: Mapping[str, Any] = {part["service"]: part for part in kept[0].body["items"]} if kept else {}
        items = [_part(answer, parts.get(service)) for service, answer in answers.items()]
        return ArchivesOut(
            is_complete=all(one.problem is None for one in items),
            files=sum(one.files for one in items),
            rows=sum(one.rows for one in items),
            size_bytes=sum(one.size_bytes for one in items),
            items=items,
        )


def _part(answer: Answer[ArchivedTables], kept: Mapping[str, Any] | None) -> ServiceArchives:
    if answer.value is not None:
        return _of(answer.service, answer.asked_at, answer.value.items)
    problem = answer.problem or "it does not answer"
    if kept is None:
        return _of(answer.service, None, [], problem)
    return ServiceArchives.model_validate({**kept, "problem": problem})


def _of(service: str, at: datetime | None, tables: Sequence[ArchivedTable], problem: str | None = None) -> ServiceArchives:
    return ServiceArchives(
        service=service,
        at=at,
        problem=problem,
        files=sum(one.files for one in tables),
        rows=sum(one.rows for one in tables),
        size_bytes=sum(one.size_bytes for one in tables),
        tables=list(tables),
    )
