"""How the parts of the analytics service are put together, for endpoints and tasks alike."""

from services.analytics.alert_counts.repository import AlertCountReader, AlertCountRepository
from services.analytics.alert_counts.service import AlertCounting, AlertStatistics
from shared.runtime.db import ReadSession, Session


def alert_counting(session: Session) -> AlertCounting:
    """Counts, in the session's unit of work."""
    return AlertCounting(AlertCountRepository(session))


def alert_statistics(session: ReadSession) -> AlertStatistics:
    """Reads what was counted."""
    return AlertStatistics(AlertCountReader(session))
