"""What each notice is: the template that says it, what it is about, and over which channels it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.notifications import (
    Notice,
    SendInvoiceEmail,
    SendInvoiceOverdue,
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

EMAIL: Final = "email"
SMS: Final = "sms"
IN_APP: Final = "in_app"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice.

    link: which of the notice's links its in-app item leads to. document: the kind of document that goes along with the e-mail,
    and the field that has its id.
    """

    template: str
    category: str
    channels: tuple[str, ...]
    link: str | None = None
    document: tuple[str, str] | None = None


KINDS: Final[Mapping[type[Notice], Kind]] = {
    SendOrderConfirmation: Kind("order_confirmation", "orders", (EMAIL, SMS)),
    SendOrderShipped: Kind("order_shipped", "orders", (EMAIL, SMS)),
    SendOrderStatus: Kind("order_status", "orders", (EMAIL,)),
    SendOrderReminder: Kind("order_reminder", "reminders", (EMAIL,)),
    SendPaymentFailed: Kind("payment_failed", "payments", (EMAIL, SMS)),
    SendSubscriptionRenewalReminder: Kind("subscription_renewal_reminder", "subscriptions", (EMAIL, SMS)),
    # Of money that is due under a contract, and so not among the reminders that can be switched off.
    SendPaymentReminderSms: Kind("payment_reminder", "payments", (SMS,)),
    SendInvoiceEmail: Kind("invoice", "invoices", (EMAIL,), document=("payments.invoice", "invoice_id")),
    SendInvoiceOverdue: Kind("invoice_overdue", "invoices", (EMAIL, SMS)),
    SendWelcomeEmail: Kind("welcome", "account", (EMAIL,)),
    SendTripAssignmentNotification: Kind("trip_assignment", "trips", (IN_APP, SMS), link="trip_url"),
}
