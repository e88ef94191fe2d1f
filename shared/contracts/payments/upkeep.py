"""Letting go of what is old."""

from typing import ClassVar, Final

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT: Final = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class ArchiveOldRows(Command):
    """Put rows of matching and reconciliation that are old into files, and delete them; nothing where ARCHIVE_DIR is not set.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. page: counted from 1; what one message does
    not get done the next one does, which it sends itself.
    """

    contract: ClassVar = Contract("payments.archive_old_rows", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    page: int = Field(default=1, ge=1)
