"""Messages about the inspections of vehicles. In the product they would stand in shared/contracts/trips.py."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy


class RecordInspection(Command):
    """Note that a vehicle was inspected, and report the defect that was found."""

    contract: ClassVar = Contract("trips.record_inspection", (lanes.TRIPS_NORMAL,))

    vehicle_id: UUID
    inspected_at: UtcDatetime
    defect: str | None = Field(default=None, max_length=500)


class RecordOdometer(Command):
    """Note what a vehicle's odometer showed. An older reading never replaces a newer one."""

    contract: ClassVar = Contract("trips.record_odometer", (lanes.TRIPS_BACKGROUND,), max_batch=500)

    vehicle_id: UUID
    read_at: UtcDatetime
    distance_m: int = Field(ge=0)


class ReportDefect(Command):
    """Tell the garage of an inspection's defect."""

    contract: ClassVar = Contract(
        "trips.report_defect", (lanes.TRIPS_NORMAL,), RetryPolicy(max_retries=5, base_s=10), max_batch=50
    )

    inspection_id: UUID


class PruneInspections(Command):
    """Delete inspections that are older than two years at `slot`."""

    contract: ClassVar = Contract("trips.prune_inspections", (lanes.TRIPS_BACKGROUND,), max_batch=1)

    slot: UtcDatetime | None = None


class RemindOfInspections(Command):
    """Write to the owner of each vehicle whose own period has run out at `slot`."""

    contract: ClassVar = Contract("trips.remind_of_inspections", (lanes.TRIPS_BACKGROUND,), max_batch=1)

    slot: UtcDatetime | None = None
