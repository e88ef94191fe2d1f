"""Importing shipments from a file."""

import asyncio
from typing import Final
from uuid import UUID

from services.alerts.alerts.auto_resolve import AutoResolve
from services.alerts.shipments.file_format import FileFormat
from services.alerts.shipments.import_repository import ImportRepository, Refused, Upserted
from services.alerts.shipments.import_schemas import ImportProblem, ImportReport
from services.alerts.shipments.shipment_file import Problem, ShipmentFile, read_shipments
from shared.contracts.alerts import ShipmentsReceived
from shared.runtime.outbox import Publisher

ROWS_PER_STATEMENT: Final = 5000
MAX_PROBLEMS: Final = 1000
"""How many problems a report lists by itself. Whoever has more of them has one cause for all."""


class ShipmentImport:
    """Brings an organization's shipments to what a file says of them."""

    def __init__(self, shipments: ImportRepository, alerts: AutoResolve, publisher: Publisher) -> None:
        self._shipments = shipments
        self._alerts = alerts
        self._publisher = publisher

    async def run(self, body: bytes, written: FileFormat | None = None, *, max_problems: int = MAX_PROBLEMS) -> ImportReport:
        """Keep every good row and report the others; the same file again changes nothing.

        Raises UnreadableFile where nothing tells what the columns are; then nothing is kept.
        """
        # In a thread: tens of thousands of rows would hold up all other requests of the process for as long as they take.
        file = await asyncio.to_thread(read_shipments, body, written)
        facts = sorted(file.facts, key=lambda one: one.reference)
        total = Upserted()
        for start in range(0, len(facts), ROWS_PER_STATEMENT):
            total += await self._shipments.upsert(facts[start : start + ROWS_PER_STATEMENT])
        if total.moved:
            await self._alerts.after_change(total.moved)
        if total.created or total.updated:
            whose = self._shipments.organization_id
            self._publisher.publish(ShipmentsReceived(organization_id=whose, created=total.created, changed=total.updated))
        for one in total.refused:
            file.reject(Problem(file.lines[one.reference], "status", _sentence(one)))
        return _report(self._shipments.organization_id, file, total, max_problems)


def _sentence(refused: Refused) -> str:
    legal = ", ".join(refused.legal)
    return f"cannot follow {refused.status}; {f'legal are {legal}' if legal else 'a new journey is a new shipment'}"


def _report(organization_id: UUID, file: ShipmentFile, total: Upserted, max_problems: int) -> ImportReport:
    problems = sorted(file.problems, key=lambda one: one.line)
    return ImportReport(
        organization_id=organization_id,
        rows=file.rows,
        created=total.created,
        updated=total.updated,
        eta_revised=total.eta_revised,
        unchanged=file.rows - file.rejected - total.created - total.updated,
        rejected=file.rejected,
        problems=[ImportProblem.model_validate(one) for one in problems[:max_problems]],
        problems_left_off=max(0, len(problems) - max_problems),
    )
