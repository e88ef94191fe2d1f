"""What is refused about orders.

NotFound (404)
└── OrderNotFound
Invalid (422)
├── PlaceOfSupplyUnknown
├── DueTooSoon
├── OrderTooLarge
└── UnknownLine
Conflict (409)
├── SellerNotSetUp
├── StatusForbids
├── OrderUnpaid
├── MoreThanOrdered
├── BelowFulfilled
├── BelowPaid
├── PaymentInProgress
├── OrderInvoiced
├── OrderTakesCredit
├── LineAssigned
├── NothingOrdered
└── NothingToCancel
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    code, title = "order_not_found", "There is no such order"


class PlaceOfSupplyUnknown(Invalid):
    code, title = "place_of_supply_unknown", "It is not known where the order goes"


class DueTooSoon(Invalid):
    """`earliest_on` is the first day that can be promised."""

    code, title = "due_too_soon", "It cannot be delivered by then"


class OrderTooLarge(Invalid):
    code, title = "order_too_large", "The order comes to too much"


class UnknownLine(Invalid):
    code, title = "unknown_line", "The order has no such line"


class SellerNotSetUp(Conflict):
    code, title = "seller_not_set_up", "The organization is not set up to sell"


class StatusForbids(Conflict):
    """`order_status` is the order's, `possible` from where it could be done."""

    code, title = "status_forbids", "The order's status does not allow this"


class OrderUnpaid(Conflict):
    code, title = "order_unpaid", "The order is not paid"


class MoreThanOrdered(Conflict):
    code, title = "more_than_ordered", "The line has less left than that"


class BelowFulfilled(Conflict):
    code, title = "below_fulfilled", "More of the line than that is delivered or cancelled"


class BelowPaid(Conflict):
    code, title = "below_paid", "More than that is paid"


class PaymentInProgress(Conflict):
    code, title = "payment_in_progress", "The order is being paid"


class OrderInvoiced(Conflict):
    code, title = "order_invoiced", "An invoice bills the order"


class OrderTakesCredit(Conflict):
    code, title = "order_takes_credit", "The order takes up credit for unused days"


class LineAssigned(Conflict):
    """`lines` are the numbers of those that are being made."""

    code, title = "line_assigned", "A manufacturer makes the line"


class NothingOrdered(Conflict):
    code, title = "nothing_ordered", "Nothing would be left of the order"


class NothingToCancel(Conflict):
    code, title = "nothing_to_cancel", "There is nothing left to cancel"
