"""Messages that the notifications service owns.

sends.py    one message over one channel, and one e-mail to many
notices.py  what other services tell people; notifications decides over which channels
people.py   whom references stand for
control.py  cancelling, call-backs, and what is done by the clock
events.py   what is told of deliveries
"""

from shared.contracts.notifications.control import (
    AdvanceCampaign,
    ApplyCallbacks,
    ArchiveOldRows,
    CancelMessages,
    CollectSmsPrices,
    ProcessEmailBounces,
    QueueDailyDigests,
    RemoveExpiredData,
    RetryFailedEmails,
    StartDueCampaigns,
    TrackDeliveries,
)
from shared.contracts.notifications.events import DeliveriesEnded, DeliveryDelayed, DeliveryFinished, EndedDeliveries
from shared.contracts.notifications.fields import REFERENCE
from shared.contracts.notifications.notices import (
    Notice,
    OrderLine,
    SendDailyDigest,
    SendHourlyDigest,
    SendInvoiceEmail,
    SendInvoiceOverdue,
    SendNotification,
    SendOrderConfirmation,
    SendOrderReminder,
    SendOrderShipped,
    SendOrderStatus,
    SendPaymentFailed,
    SendPaymentReminderSms,
    SendSubscriptionRenewalReminder,
    SendTripAssignmentNotification,
    SendWelcomeEmail,
)
from shared.contracts.notifications.people import UpsertPerson
from shared.contracts.notifications.sends import (
    BulkRecipient,
    ChannelSend,
    SendBulkEmail,
    SendEmail,
    SendInApp,
    SendSms,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendUrgentEmail,
)

__all__ = [
    "REFERENCE",
    "AdvanceCampaign",
    "ApplyCallbacks",
    "ArchiveOldRows",
    "BulkRecipient",
    "CancelMessages",
    "ChannelSend",
    "CollectSmsPrices",
    "DeliveriesEnded",
    "DeliveryDelayed",
    "DeliveryFinished",
    "EndedDeliveries",
    "Notice",
    "OrderLine",
    "ProcessEmailBounces",
    "QueueDailyDigests",
    "RemoveExpiredData",
    "RetryFailedEmails",
    "SendBulkEmail",
    "SendDailyDigest",
    "SendEmail",
    "SendHourlyDigest",
    "SendInApp",
    "SendInvoiceEmail",
    "SendInvoiceOverdue",
    "SendNotification",
    "SendOrderConfirmation",
    "SendOrderReminder",
    "SendOrderShipped",
    "SendOrderStatus",
    "SendPaymentFailed",
    "SendPaymentReminderSms",
    "SendSms",
    "SendSubscriptionRenewalReminder",
    "SendTemplatedEmail",
    "SendTemplatedSms",
    "SendTripAssignmentNotification",
    "SendUrgentEmail",
    "SendWelcomeEmail",
    "StartDueCampaigns",
    "TrackDeliveries",
    "UpsertPerson",
]
