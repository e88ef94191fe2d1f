"""Who gets the daily report."""

from uuid import UUID

from services.analytics.reports.errors import SubscriptionNotFound
from services.analytics.reports.models import ReportSubscription
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.schemas import SubscriptionOut
from services.analytics.reports.service import require_known
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7


class Subscriptions:
    """Writes in one unit of work. by: who changes them."""

    def __init__(self, reports: ReportRepository, clock: Clock, *, by: str) -> None:
        self._reports = reports
        self._clock = clock
        self._by = by

    async def add(self, organization_id: UUID | None, to_email: str) -> ReportSubscription:
        """Somebody gets it from now on; who does already does so on. Raises OrganizationNotFound."""
        await require_known(self._reports, organization_id)
        values = {
            "id": uuid7(),
            "organization_id": organization_id or EVERYBODY,
            "to_email": to_email,
            "created_at": self._clock(),
            "created_by": self._by,
        }
        return await self._reports.subscribe(values)

    async def remove(self, key: UUID, organization_id: UUID | None) -> None:
        """Somebody gets it no more. Raises SubscriptionNotFound."""
        if not await self._reports.unsubscribe(key, organization_id):
            raise SubscriptionNotFound("nobody is subscribed under this id; GET /v1/report-subscriptions lists those who are")


def shown(one: ReportSubscription) -> SubscriptionOut:
    """As it is shown."""
    return SubscriptionOut(
        id=one.id,
        organization_id=None if one.organization_id == EVERYBODY else one.organization_id,
        to_email=one.to_email,
        created_at=one.created_at,
        created_by=one.created_by,
    )
