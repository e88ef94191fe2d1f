"""What is done about carts and orders by the clock."""

from typing import ClassVar, Final

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT: Final = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class CleanupExpiredCarts(Command):
    """Delete carts that were not updated for `days_old` days; those with money on them stay.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("payments.cleanup_expired_carts", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    days_old: int = Field(default=30, ge=1, le=3650)
    slot: UtcDatetime | None = None


class RemindOfAbandonedCarts(Command):
    """Remind customers of carts that they left 1, 24 or 72 hours before, and end locks whose time is over.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("payments.remind_of_abandoned_carts", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ProcessPendingOrders(Command):
    """Let orders go on that are paid and wait for nothing else, and end those that nobody has paid in time.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("payments.process_pending_orders", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class SendOrderReminders(Command):
    """Remind customers of orders that wait for them: to be paid, or to be confirmed.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("payments.send_order_reminders", (lanes.PAYMENTS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
