"""What steers the service itself: cancelling, and what it does by the clock or on behalf of itself."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class CancelMessages(Command):
    """Drop what was asked for under a subject key and has not been sent; what is asked for afterwards is sent again.

    before: what was asked for until this moment is dropped; by default, until this message was asked for. That is the moment at
    which its transaction began, so a sender who first waits for a lock names the moment after the wait.
    """

    contract: ClassVar = Contract(
        "notifications.cancel_messages",
        (lanes.NOTIFICATIONS_URGENT,),
        _PATIENT,
        max_batch=500,
    )

    subject_key: str = Field(min_length=1, max_length=200)
    reason: str | None = Field(default=None, max_length=300)
    before: UtcDatetime | None = None


class ApplyCallbacks(Command):
    """Bring deliveries, suppressions and counters to what providers have reported.

    event_ids: of call-backs that were verified and stored before this was sent.
    """

    contract: ClassVar = Contract("notifications.apply_callbacks", (lanes.NOTIFICATIONS_CALLBACKS,), _PATIENT, max_batch=50)

    event_ids: list[UUID] = Field(min_length=1, max_length=1000)


class RetryFailedEmails(Command):
    """Take up e-mails again that the normal path has left behind: those that failed of an outage which is over by now.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.retry_failed_emails", (lanes.NOTIFICATIONS_NORMAL,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ProcessEmailBounces(Command):
    """Fetch bounces that no call-back has told of, from the providers' own lists.

    slot: the scheduled moment. after: of organizations' own accounts only those whose id is higher; None for all, and those of
    the installation.
    """

    contract: ClassVar = Contract("notifications.process_email_bounces", (lanes.NOTIFICATIONS_CALLBACKS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    after: UUID | None = None


class TrackDeliveries(Command):
    """Ask providers what became of messages that they took and have not reported on.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.track_deliveries", (lanes.NOTIFICATIONS_CALLBACKS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class CollectSmsPrices(Command):
    """Ask providers what SMS have cost of which no report has told it.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.collect_sms_prices", (lanes.NOTIFICATIONS_CALLBACKS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class QueueDailyDigests(Command):
    """Ask for the daily digest of everybody whose local 08:00 has come by `slot` and who has not had that day's.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.queue_daily_digests", (lanes.NOTIFICATIONS_BULK,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class StartDueCampaigns(Command):
    """Start campaigns whose time has come.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.start_due_campaigns", (lanes.NOTIFICATIONS_BULK,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class AdvanceCampaign(Command):
    """Send a running campaign to its next recipients, as many as its cap allows by now.

    step: counted from 1, so that each step is one message.
    """

    contract: ClassVar = Contract("notifications.advance_campaign", (lanes.NOTIFICATIONS_BULK,), _PATIENT, max_batch=10)

    campaign_id: UUID
    step: int = Field(ge=1)


class RemoveExpiredData(Command):
    """Delete what its retention time has ended for: raw call-backs, old deliveries, read in-app items, expired suppressions.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("notifications.remove_expired_data", (lanes.NOTIFICATIONS_BULK,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ArchiveOldRows(Command):
    """Put rows of deliveries that are old into files, and delete them; nothing where ARCHIVE_DIR is not set.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. page: counted from 1; what one message does
    not get done the next one does, which it sends itself.
    """

    contract: ClassVar = Contract("notifications.archive_old_rows", (lanes.NOTIFICATIONS_BULK,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    page: int = Field(default=1, ge=1)
