"""What was raised, as the tests of this noun need it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.contracts.alerts import AlertsRaised, OrganizationAlerts
from shared.runtime.db import ReadSession

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
RUN: Final = UUID("019a9f5e-7b00-7d00-9a00-1f2e3d4c5b6a")
DAY: Final = date(2026, 3, 2)


def event(*organizations: OrganizationAlerts, as_of: date = DAY) -> AlertsRaised:
    """A chunk that raised these."""
    raised = sum(one.info + one.warning + one.high + one.critical for one in organizations)
    return AlertsRaised(run_id=RUN, chunk=1, as_of=as_of, raised=max(raised, 1), organizations=organizations)


def ours(**counts: int) -> OrganizationAlerts:
    """So many alerts of our organization."""
    return OrganizationAlerts(organization_id=OURS, **counts)


def theirs(**counts: int) -> OrganizationAlerts:
    """So many alerts of the other organization."""
    return OrganizationAlerts(organization_id=THEIRS, **counts)


async def counted(session: ReadSession) -> Sequence[tuple[Any, ...]]:
    """(organization, day, severity, count) of all rows."""
    query = "SELECT organization_id, day, severity, raised FROM alert_counts ORDER BY organization_id, day, severity"
    return [tuple(row) for row in await session.execute(text(query))]
