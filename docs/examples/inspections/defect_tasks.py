"""Defects are reported to the garage: a call to the outside, so an effect."""

from collections.abc import Sequence
from typing import Final

from docs.examples.inspections.contracts import ReportDefect
from docs.examples.inspections.defect_repository import DefectRepository
from docs.examples.inspections.garage import Garage, Report
from docs.examples.inspections.settings import InspectionSettings
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect

_GONE: Final = Skipped("the inspection has been deleted, or has no defect")


class DefectReports:
    """Claims under a lease, calls without a transaction, records while the lease is still ours."""

    concurrency = 8

    def __init__(self, garage: Garage) -> None:
        self._garage = garage

    async def claim(self, session: Session, received: Sequence[Received[ReportDefect]]) -> Sequence[Report | Outcome]:
        """Commit the attempts with their keys before anything leaves the house."""
        reports = await DefectRepository(session).begin({one.id: one.message.inspection_id for one in received})
        return [reports.get(one.id, _GONE) for one in received]

    async def call(self, work: Report) -> Outcome:
        """Tell the garage."""
        return await self._garage.report(work)

    async def record(self, session: Session, results: Sequence[tuple[Received[ReportDefect], Report | None, Outcome]]) -> None:
        """Write what came of it. A retry leaves the attempt open."""
        repository = DefectRepository(session)
        for received, _, outcome in results:
            match outcome:
                case Done(reference):
                    await repository.finish(received.id, "reported", reference)
                case Failed():
                    await repository.finish(received.id, "failed", None)
                case Retry() | Skipped():
                    pass

    async def close(self) -> None:
        """Give back the connections."""
        await self._garage.close()


@effect(ReportDefect)
def report_defects(runtime: ProcessRuntime) -> DefectReports:
    """Made once in each worker process."""
    assert isinstance(runtime.settings, InspectionSettings), "the service's own settings are what its worker runs with"
    return DefectReports(Garage(runtime.settings.garage_url))
