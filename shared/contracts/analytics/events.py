"""Counting events, tending what is kept of them, and working figures out of it."""

from typing import ClassVar

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_AGAIN = RetryPolicy(max_retries=5, base_s=5)


class RollUpEvents(Command):
    """Count the minutes, hours and days of which something has changed. slot: the scheduled moment."""

    contract: ClassVar = Contract("analytics.roll_up_events", (lanes.ANALYTICS_REALTIME,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None


class RebuildRollups(Command):
    """Count everything in [since, until) from scratch; 400 days at most. It ends in the same rows."""

    contract: ClassVar = Contract("analytics.rebuild_rollups", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    since: UtcDatetime
    until: UtcDatetime


class TendEvents(Command):
    """Make the next days ready, and let go of what is kept no longer. slot: the scheduled moment."""

    contract: ClassVar = Contract("analytics.tend_events", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None


class CalculateKpis(Command):
    """Work out the figures of the day before `slot`, and of earlier days that have changed since theirs were."""

    contract: ClassVar = Contract("analytics.calculate_kpis", (lanes.ANALYTICS_BATCH,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None


class AnalyzeUserBehavior(Command):
    """Work out what people did on the days that have changed, and how engaged everybody is as of `slot`."""

    contract: ClassVar = Contract("analytics.analyze_user_behavior", (lanes.ANALYTICS_BATCH,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
