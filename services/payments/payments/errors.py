"""What is refused about payments.

NotFound (404)
└── PaymentNotFound
Invalid (422)
├── NothingToPay          neither an order nor an invoice is named, or both of different customers
├── CurrencyDiffers       not the currency of what is paid
├── AmountAboveDue
└── CheckoutNotProved     the gateway has not signed what the client shows
Conflict (409)
├── NothingDue            it is paid, cancelled or not placed yet
├── AlreadyBeingPaid      another payment of it is under way; `payment_id` names it
├── PaymentStateForbids   `payment_status` is the payment's
├── GatewayRefused
├── MandateNeedsCustomer
├── MethodNotUsable       the stored method cannot be charged
└── GatewayNotSetUp       the organization has no account there
Unavailable (503)
├── GatewayUnavailable    nothing was done
└── OutcomeUnknown        it may have been done; it is being found out
"""

from shared.runtime.errors import Conflict, Invalid, NotFound, Unavailable


class PaymentNotFound(NotFound):
    code, title = "payment_not_found", "There is no such payment"


class NothingToPay(Invalid):
    code, title = "nothing_to_pay", "It is not said what is to be paid"


class CurrencyDiffers(Invalid):
    code, title = "currency_differs", "This is due in another currency"


class AmountAboveDue(Invalid):
    code, title = "amount_above_due", "Less than that is due"


class CheckoutNotProved(Invalid):
    code, title = "checkout_not_proved", "The payment is not proved"


class NothingDue(Conflict):
    code, title = "nothing_due", "Nothing is due"


class AlreadyBeingPaid(Conflict):
    """`payment_id` names the payment that is under way."""

    code, title = "already_being_paid", "It is being paid already"


class PaymentStateForbids(Conflict):
    """`payment_status` is the payment's."""

    code, title = "payment_state_forbids", "The payment's state does not allow this"


class GatewayRefused(Conflict):
    code, title = "gateway_refused", "The gateway refuses this"


class MandateNeedsCustomer(Conflict):
    code, title = "mandate_needs_customer", "Only a customer can allow later charges"


class MethodNotUsable(Conflict):
    code, title = "payment_method_not_usable", "The stored method cannot be charged"


class GatewayNotSetUp(Conflict):
    code, title = "gateway_not_set_up", "There is no account at this gateway"


class GatewayUnavailable(Unavailable):
    code, title = "gateway_unavailable", "The gateway does not answer"


class OutcomeUnknown(Unavailable):
    code, title = "outcome_unknown", "The outcome is not known yet"
