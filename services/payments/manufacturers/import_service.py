"""Importing what manufacturers can make from a file."""

import asyncio
from typing import Final

from services.payments.csv_rows import Problem
from services.payments.manufacturers.capability_file import CapabilityFile, Key, read_capabilities
from services.payments.manufacturers.import_repository import CapabilityImportRepository, Row
from services.payments.manufacturers.schemas import CapabilityImport, ImportProblem
from shared.runtime.clock import Clock

MAX_PROBLEMS: Final = 1000


class CapabilitiesImport:
    """Brings what an organization's manufacturers can make to what a file says of it."""

    def __init__(self, repository: CapabilityImportRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def run(self, body: bytes) -> CapabilityImport:
        """Keep every good row and report the others; the same file again changes nothing. Raises CapabilitiesUnreadable."""
        # In a thread: thousands of rows would hold up all other requests of the process for as long as they take.
        file = await asyncio.to_thread(read_capabilities, body)
        now = self._clock()
        ids = await self._repository.lock(sorted({code for code, _ in file.kept}))
        for key in [key for key in file.kept if key[0] not in ids]:
            _leave_out(file, key, "manufacturer", "is the code of no manufacturer; create it first: POST /v1/manufacturers")
        rows = {key: Row(ids[key[0]], facts) for key, facts in file.kept.items()}
        refused = await self._repository.with_reserved_periods(list(rows.values()), now.date())
        for key, row in list(rows.items()):
            if (row.manufacturer_id, row.facts.capability) in refused:
                del rows[key]
                _leave_out(file, key, "capacity_period", "cannot change while units are reserved in days or weeks to come")
        created, updated = await self._repository.set([rows[key] for key in sorted(rows)], now)
        problems = sorted(file.problems, key=lambda one: one.line)[:MAX_PROBLEMS]
        return CapabilityImport(
            rows=file.rows,
            created=created,
            updated=updated,
            unchanged=file.rows - file.rejected - created - updated,
            rejected=file.rejected,
            problems=[ImportProblem.model_validate(one) for one in problems],
        )


def _leave_out(file: CapabilityFile, key: Key, column: str, reason: str) -> None:
    del file.kept[key]
    file.reject(Problem(file.lines[key], column, reason))
