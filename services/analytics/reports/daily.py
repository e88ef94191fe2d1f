"""The daily reports: of all together, and of each organization whose people want theirs."""

import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.analytics.organizations.errors import OrganizationNotFound
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.service import Requesting
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher

logger = logging.getLogger(__name__)
SCHEDULE: Final = "schedule:generate-daily-reports"


class DailyReports:
    """Asks for them in one unit of work; each is made by a message of its own."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def ask(self, slot: datetime | None) -> int:
        """Of the day before the slot, as of the slot. Returns how many are wanted."""
        as_of = (slot or self._clock()).astimezone(UTC)
        day = as_of.date() - timedelta(days=1)
        async with self._unit_of_work() as session:
            reports = ReportRepository(session)
            wanted: dict[UUID, list[str]] = defaultdict(list, {EVERYBODY: []})
            for one in await reports.subscriptions(None):
                wanted[one.organization_id].append(one.to_email)
            requesting = Requesting(reports, Publisher(session), self._clock, by=SCHEDULE)
            for organization_id, addresses in wanted.items():
                whose = None if organization_id == EVERYBODY else organization_id
                try:
                    await requesting.ask(whose, day, day, as_of, addresses)
                except OrganizationNotFound:
                    logger.warning("report_of_nobody", extra={"organization_id": str(organization_id)})
        return len(wanted)
