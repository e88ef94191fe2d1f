"""How many alerts wait for somebody."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from services.alerts.alerts.models import Count, Severity, Status
from services.alerts.alerts.report_repository import ReportReader
from services.alerts.alerts.schemas import AgeCount, AlertCounts, CustomerCount
from shared.runtime.clock import Clock

CUSTOMERS: Final = 50
_SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "high", "critical")
_UNRESOLVED: Final[tuple[Status, ...]] = ("open", "acknowledged", "snoozed")
_AGES: Final = ((0, 1), (2, 3), (4, 7), (8, 14), (15, None))


class Counts:
    """Counts what is not resolved; days count in UTC."""

    def __init__(self, reader: ReportReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def of(self, organization_id: UUID | None) -> AlertCounts:
        """Of one organization, or of all."""
        found = await self._reader.counts(organization_id, today=self._clock().date(), customers=CUSTOMERS)
        severities, statuses, ages = (_by_value(found, what) for what in ("severity", "status", "age"))
        return AlertCounts(
            unresolved=sum(severities.values()),
            by_severity={severity: severities.get(severity, 0) for severity in _SEVERITIES},
            by_status={status: statuses.get(status, 0) for status in _UNRESOLVED},
            by_customer=[
                CustomerCount(organization_id=one.organization_id, customer=one.value, alerts=one.alerts)
                for one in found
                if one.organization_id is not None
            ],
            by_age=[
                AgeCount(from_days=first, to_days=last, alerts=ages.get(str(number), 0))
                for number, (first, last) in enumerate(_AGES)
            ],
        )


def _by_value(found: Iterable[Count], what: str) -> dict[str, int]:
    return {one.value: one.alerts for one in found if one.what == what}
