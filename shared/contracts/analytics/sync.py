"""Reading what systems outside know, and keeping caches to what the database says."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_AGAIN = RetryPolicy(max_retries=3, base_s=20, cap_s=300)


class SyncExternalData(Command):
    """Read what is new at a source outside, and hand it to whom it concerns.

    source: which one; all that are set up, each by a message of its own, without it. slot: the scheduled moment. run_id: of a run
    that somebody has asked for; without it, it is the message's id.
    """

    contract: ClassVar = Contract("analytics.sync_external_data", (lanes.ANALYTICS_NORMAL,), _AGAIN, max_batch=1)

    source: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]{0,49}$")
    slot: UtcDatetime | None = None
    run_id: UUID | None = None
    requested_by: str | None = Field(default=None, max_length=200)


class SyncCache(Command):
    """Make cached answers anew that are still asked for, hold some of the others against the database, and mend what differs.

    slot: the scheduled moment, or the one that the report stands under. sample: how many are held against it.
    """

    contract: ClassVar = Contract("analytics.sync_cache", (lanes.ANALYTICS_NORMAL,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    sample: int = Field(default=50, ge=1, le=500)
