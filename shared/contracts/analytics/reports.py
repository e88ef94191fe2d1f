"""Making reports."""

from datetime import date
from typing import Annotated, ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_AGAIN = RetryPolicy(max_retries=5, base_s=10)
_EMAIL: Final = r"^[^\s@\x00-\x1f<>,;\"]+@[^\s@\x00-\x1f<>,;\"]+\.[^\s@\x00-\x1f<>,;\"]+$"
ToEmail = Annotated[str, Field(min_length=3, max_length=320, pattern=_EMAIL, examples=["desk@example.com"])]
"""An address, as far as a pattern can tell; notifications looks at it closely."""


class GenerateReport(Command):
    """Make the report of these days, unless it is made, and mail links to it to those who were not mailed yet.

    first, last: days of UTC, both included; the day before `as_of` where they are left out. as_of: defaults to the moment of
    sending; the same days as of the same moment are one report. organization_id: None for all together.
    """

    contract: ClassVar = Contract("analytics.generate_report", (lanes.ANALYTICS_BATCH,), _AGAIN, max_batch=1)

    first: date | None = None
    last: date | None = None
    as_of: UtcDatetime | None = None
    organization_id: UUID | None = None
    to_email: tuple[ToEmail, ...] = Field(default=(), max_length=20)


class GenerateDailyReports(Command):
    """Ask for the reports of the day before `slot`: of all together, and of each organization whose people want theirs."""

    contract: ClassVar = Contract("analytics.generate_daily_reports", (lanes.ANALYTICS_BATCH,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
