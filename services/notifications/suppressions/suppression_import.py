"""Importing a file of suppressions: all of it that still says something, or nothing."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.suppressions.errors import SuppressionRowsUnusable
from services.notifications.suppressions.models import Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.suppressions.schemas import ImportReport, RowProblem
from services.notifications.suppressions.suppression_change import Operator
from services.notifications.suppressions.suppression_file import Owner, Problem, SuppressionFile, read_suppressions
from shared.runtime.clock import Clock

SOURCE: Final = "import"
ROWS_PER_STATEMENT: Final = 5000
MAX_PROBLEMS: Final = 1000


class SuppressionImport:
    """Keeps the rows of files in one unit of work."""

    def __init__(self, suppressions: SuppressionRepository, hasher: AddressHasher, operator: Operator, clock: Clock) -> None:
        self._suppressions = suppressions
        self._hasher = hasher
        self._operator = operator
        self._clock = clock

    async def run(self, body: bytes, organization_id: UUID | None, *, skip_bad_rows: bool) -> ImportReport:
        """Keep every row. Where one is wrong, none is, unless bad rows are to be left out. The same file adds nothing.

        What has expired since the file was exported, or names nobody any more, is reported and stops nothing.

        Raises SuppressionFileUnreadable, and SuppressionRowsUnusable, which lists the rows.
        """
        for_all = self._operator.organization_id is None
        scope = Scope.GLOBAL if for_all and organization_id is None else Scope.ORGANIZATION
        # In a thread: a hundred thousand rows would hold up all other requests of the process for as long as they take.
        file, rows = await asyncio.to_thread(self._read, body, Owner(organization_id, for_all, scope))
        if file.problems and not skip_bad_rows:
            shown = [RowProblem.model_validate(one).model_dump() for one in file.problems[:MAX_PROBLEMS]]
            count = f"{len(file.problems)} of {file.rows} rows"
            raise SuppressionRowsUnusable(
                f"{count} cannot be taken, so none was; mend what `rows` names, or send the file with skip_bad_rows=true",
                rows=shown,
                rows_left_off=len(file.problems) - len(shown),
            )
        added = 0
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            added += await self._suppressions.add(rows[start : start + ROWS_PER_STATEMENT])
        return _report(file, added)

    def _read(self, body: bytes, owner: Owner) -> tuple[SuppressionFile, list[SuppressionRow]]:
        now = self._clock()
        file = read_suppressions(body, owner, now)
        rows = [
            SuppressionRow(
                channel=entry.channel,
                address=entry.address,
                address_hash=self._hasher.hash(entry.channel, entry.address),
                scope=entry.scope,
                reason=entry.reason,
                source=SOURCE,
                created_by=self._operator.id,
                created_at=now,
                organization_id=whose,
                category=entry.category,
                note=entry.note,
                expires_at=entry.expires_at,
            )
            for entry, whose in file.entries
        ]
        # Over all statements in one order, so that two imports never wait for each other in a circle.
        return file, sorted(rows, key=lambda row: (row.address_hash, row.channel, row.reason))


def _report(file: SuppressionFile, added: int) -> ImportReport:
    problems: Sequence[Problem] = sorted([*file.problems, *file.void], key=lambda problem: problem.line)
    return ImportReport(
        rows=file.rows,
        added=added,
        known=len(file.entries) - added,
        rejected=len(problems),
        problems=[RowProblem.model_validate(one) for one in problems[:MAX_PROBLEMS]],
        problems_left_off=max(0, len(problems) - MAX_PROBLEMS),
    )
