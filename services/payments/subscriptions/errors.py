"""What is refused about subscriptions.

NotFound (404)
├── SubscriptionNotFound
└── SkipNotFound
Invalid (422)
├── QuantityNotOffered
├── AnchorDayUnusable
├── EndTooEarly
├── ResumeTooEarly
├── NotAPeriodStart
├── MethodUnusable
└── NothingDelivered
Conflict (409)
├── SubscriptionForbids
├── PeriodUnpaid
├── BilledToday
├── CurrencyDiffers
├── PeriodBilled
└── NotHeld
Transient
└── PeriodNotInvoiced    its invoice is about to be issued
"""

from shared.runtime.errors import Conflict, Invalid, NotFound, Transient


class SubscriptionNotFound(NotFound):
    code, title = "subscription_not_found", "There is no such subscription"


class SkipNotFound(NotFound):
    code, title = "skip_not_found", "The delivery is not skipped"


class QuantityNotOffered(Invalid):
    code, title = "quantity_not_offered", "The plan is not offered in this quantity"


class AnchorDayUnusable(Invalid):
    code, title = "anchor_day_unusable", "The plan's periods do not begin on a day of the month"


class EndTooEarly(Invalid):
    code, title = "end_too_early", "The subscription would end before it is billed"


class ResumeTooEarly(Invalid):
    code, title = "resume_too_early", "The pause would be over before it begins"


class NotAPeriodStart(Invalid):
    """`next_starts_on`: the first days of the next periods."""

    code, title = "not_a_period_start", "No period begins on this day"


class MethodUnusable(Invalid):
    code, title = "method_unusable", "The stored payment method cannot be used"


class NothingDelivered(Invalid):
    code, title = "nothing_delivered", "The plan delivers nothing"


class SubscriptionForbids(Conflict):
    """`subscription_status`: in which it is."""

    code, title = "subscription_forbids", "The state of the subscription does not allow this"


class PeriodUnpaid(Conflict):
    code, title = "period_unpaid", "The current period is not paid"


class BilledToday(Conflict):
    code, title = "billed_today", "The current period began today"


class CurrencyDiffers(Conflict):
    code, title = "currency_differs", "The plan is in another currency"


class PeriodBilled(Conflict):
    code, title = "period_billed", "The period is billed already"


class NotHeld(Conflict):
    code, title = "not_held", "The subscription waits for nobody"


class PeriodNotInvoiced(Transient):
    code, title = "period_not_invoiced", "The invoice of a period is not issued yet"
