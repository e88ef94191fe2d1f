"""Asking for reports, and reading them."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from services.analytics.kpis.range_models import Range
from services.analytics.organizations.errors import OrganizationNotFound
from services.analytics.reports.errors import (
    InvalidReport,
    ReportFileNotFound,
    ReportLinkNotFound,
    ReportNotDone,
    ReportNotFound,
)
from services.analytics.reports.files import STEPS
from services.analytics.reports.models import Report, ReportKind
from services.analytics.reports.repository import ReportReader, ReportRepository
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.contracts.analytics import GenerateReport
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

MOST_DAYS: Final = 366
NOBODYS: Final = (
    "there is no organization with this id, and nothing was ever counted of it; GET /v1/access/organizations lists those that "
    "there are, and without organization_id a report is of all together"
)
Content = tuple[str, str, bytes]
"""Media type, SHA-256 and bytes of a file."""


def kind_of(first: date, last: date) -> ReportKind:
    """A report of one day is the daily one."""
    return "daily" if first == last else "range"


class Requesting:
    """Works in one unit of work. by: who asks."""

    def __init__(self, reports: ReportRepository, publisher: Publisher, clock: Clock, *, by: str) -> None:
        self._reports = reports
        self._publisher = publisher
        self._clock = clock
        self._by = by

    async def ask(
        self, organization_id: UUID | None, first: date, last: date, as_of: datetime | None, to_email: Iterable[str] = ()
    ) -> Report:
        """The report of these days as of that moment, which is made once, however often it is asked for.

        Raises InvalidReport, and OrganizationNotFound.
        """
        report = await self.known(organization_id, first, last, as_of, to_email)
        self._publisher.publish(GenerateReport(first=first, last=last, as_of=report.as_of, organization_id=organization_id))
        return report

    async def known(
        self, organization_id: UUID | None, first: date, last: date, as_of: datetime | None, to_email: Iterable[str] = ()
    ) -> Report:
        """The same, for whoever makes it then."""
        now = self._clock()
        moment = (as_of or now).astimezone(UTC).replace(microsecond=0)
        _require(first, last, moment, now)
        await require_known(self._reports, organization_id)
        values = {
            "id": uuid7(),
            "kind": kind_of(first, last),
            "organization_id": organization_id or EVERYBODY,
            "first_day": first,
            "last_day": last,
            "as_of": moment,
            "steps": len(STEPS),
            "requested_by": self._by,
            "requested_at": now,
        }
        report, _ = await self._reports.ask(values)
        for address in sorted(set(to_email)):
            await self._reports.ask_mail(report.id, address, now)
        return report


async def require_known(reports: ReportReader, organization_id: UUID | None) -> None:
    """Raises OrganizationNotFound; all together are always known."""
    if organization_id is not None and not await reports.knows(organization_id):
        raise OrganizationNotFound(NOBODYS)


def _require(first: date, last: date, as_of: datetime, now: datetime) -> None:
    wrong = Range(first, last, "day").wrong()
    if wrong is None and (last - first).days >= MOST_DAYS:
        wrong = f"a report is of {MOST_DAYS} days at most; ask for several"
    if wrong is None and as_of > now + timedelta(seconds=60):
        wrong = "as_of lies in the future, and nobody knows yet what will be so; leave it out for now"
    if wrong is None and as_of < datetime.combine(first, time(), UTC):
        wrong = "as_of lies before the first day, of which nothing was known then; name a later moment"
    if wrong is not None:
        raise InvalidReport(wrong)


async def report_of(reports: ReportReader, key: UUID, organization_id: UUID | None) -> Report:
    """A report. Raises ReportNotFound, also for another organization's."""
    report = await reports.find(key, organization_id)
    if report is None:
        raise ReportNotFound("there is no report with this id; GET /v1/reports lists those that there are")
    return report


async def file_of(reports: ReportReader, report: Report, name: str) -> Content:
    """A file of it. Raises ReportNotDone and ReportFileNotFound."""
    found = await reports.content(report.id, name)
    if found is not None:
        return found
    if report.status in ("queued", "running"):
        said = f"it is at step {report.steps_done + 1} of {report.steps}; GET it again in some seconds"
        raise ReportNotDone(said, headers={"Retry-After": "2"})
    names = ", ".join(one.name for one in await reports.files(report.id))
    raise ReportFileNotFound(f"its files are {names}" if names else "it could not be made, and has no files")


def hash_of(token: str) -> bytes:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()


async def linked_report(reports: ReportReader, token: str, now: datetime) -> Report:
    """The report that a link leads to. Raises ReportLinkNotFound."""
    key = await reports.linked(hash_of(token), now)
    report = await reports.find(key, None) if key is not None else None
    if report is None:
        raise ReportLinkNotFound("there is no such link, or its time is over; ask for the report anew")
    return report
