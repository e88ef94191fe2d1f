"""Importing shipments from a file."""

import asyncio
from typing import Final
from uuid import UUID

from services.alerts.shipments.repository import ShipmentRepository, Upserted
from services.alerts.shipments.schemas import ImportProblem, ImportReport
from services.alerts.shipments.shipment_file import MAX_PROBLEMS, ShipmentFile, read_shipments

ROWS_PER_STATEMENT: Final = 5000


class ShipmentImport:
    """Brings an organization's shipments to what a CSV file says of them."""

    def __init__(self, shipments: ShipmentRepository) -> None:
        self._shipments = shipments

    async def run(self, organization_id: UUID, body: bytes) -> ImportReport:
        """Keep every good row and report the others; the same file again changes nothing.

        Raises UnreadableFile where the header does not tell what the columns are; then nothing is kept.
        """
        # In a thread: tens of thousands of rows would hold up all other requests of the process for as long as they take.
        file = await asyncio.to_thread(read_shipments, body)
        facts = sorted(file.facts, key=lambda one: one.reference)
        total = Upserted()
        for start in range(0, len(facts), ROWS_PER_STATEMENT):
            total += await self._shipments.upsert(organization_id, facts[start : start + ROWS_PER_STATEMENT])
        return _report(organization_id, file, total)


def _report(organization_id: UUID, file: ShipmentFile, total: Upserted) -> ImportReport:
    return ImportReport(
        organization_id=organization_id,
        rows=file.rows,
        created=total.created,
        updated=total.updated,
        eta_revised=total.eta_revised,
        unchanged=len(file.facts) - total.created - total.updated,
        rejected=file.rejected,
        problems=[ImportProblem.model_validate(one) for one in file.problems[:MAX_PROBLEMS]],
        problems_left_off=max(0, len(file.problems) - MAX_PROBLEMS),
    )
