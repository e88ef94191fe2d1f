"""The statements about defect reports."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text

from docs.examples.inspections.garage import Report
from shared.runtime.db import Session

# The row of an earlier attempt is found and not written again.
_BEGIN: Final = text("""
    INSERT INTO defect_reports (id, inspection_id)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:inspection_ids AS uuid[])) ORDER BY 1
    ON CONFLICT (id) DO NOTHING
""")
_REPORTS: Final = text("""
    SELECT defect_reports.id, inspections.id AS inspection_id, defect
      FROM defect_reports JOIN inspections ON inspections.id = inspection_id
     WHERE defect_reports.id = ANY(CAST(:ids AS uuid[])) AND defect IS NOT NULL
""")
_FINISH: Final = text("UPDATE defect_reports SET status = :status, garage_reference = :reference WHERE id = :id")


class DefectRepository:
    """Reads and writes in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, inspection_of: dict[UUID, UUID]) -> dict[UUID, Report]:
        """Write an attempt per message id, and return what is to be reported, by message id."""
        ids: Sequence[UUID] = list(inspection_of)
        await self._session.execute(_BEGIN, {"ids": ids, "inspection_ids": list(inspection_of.values())})
        rows = await self._session.execute(_REPORTS, {"ids": ids})
        return {row.id: Report(row.id, row.inspection_id, row.defect) for row in rows}

    async def finish(self, report_id: UUID, status: str, reference: str | None) -> None:
        """Note the end of one report."""
        await self._session.execute(_FINISH, {"id": report_id, "status": status, "reference": reference})
