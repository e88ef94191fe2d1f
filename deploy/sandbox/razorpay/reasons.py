"""Why payments fail: the documented reasons (razorpay.com/docs/errors/payments/list), and the amounts that ask for them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Decline:
    """How one reason is said."""

    reason: str
    description: str
    source: str
    step: str
    code: str = "BAD_REQUEST_ERROR"


_BANK: Final = ("bank", "payment_authorization")
_ISSUER: Final = ("issuer_bank", "payment_authorization")
_CUSTOMER: Final = ("customer", "payment_authentication")
_BUSINESS: Final = ("business", "payment_initiation")

_DECLINES: Final = (
    Decline(
        "payment_declined_due_to_high_traffic", "Payment was declined due to high traffic. Try again.", *_BANK, "GATEWAY_ERROR"
    ),
    Decline("gateway_technical_error", "Payment processing failed due to error at the gateway.", *_BANK, "GATEWAY_ERROR"),
    Decline("bank_not_available", "The bank is not available at the moment.", *_BANK, "GATEWAY_ERROR"),
    Decline("invalid_response_from_gateway", "Payment failed as the gateway's response was invalid.", *_BANK, "GATEWAY_ERROR"),
    Decline(
        "server_error", "We are facing some trouble completing your request at the moment.", "internal", _BANK[1], "SERVER_ERROR"
    ),
    Decline(
        "insufficient_funds", "Your payment could not be completed due to insufficient account balance.", "customer", _BANK[1]
    ),
    Decline("transaction_daily_limit_exceeded", "Payment failed as the daily limit has been exceeded.", "customer", _BANK[1]),
    Decline("bank_technical_error", "Payment failed due to a technical error at the bank.", *_BANK, "GATEWAY_ERROR"),
    Decline("issuer_technical_error", "Payment failed due to a technical error at the issuer.", *_ISSUER, "GATEWAY_ERROR"),
    Decline("payment_failed", "Payment processing failed due to error at bank or wallet gateway.", *_BANK, "GATEWAY_ERROR"),
    Decline("payment_timed_out", "Payment was unsuccessful as it was not completed in time.", *_CUSTOMER),
    Decline("card_expired", "Payment failed because the card has expired.", "customer", _BANK[1]),
    Decline("incorrect_card_details", "Payment failed because the card's details are incorrect.", "customer", _BANK[1]),
    Decline("incorrect_cvv", "Payment failed because the CVV is incorrect.", "customer", _BANK[1]),
    Decline("incorrect_otp", "Payment failed because the OTP is incorrect.", *_CUSTOMER),
    Decline("incorrect_pin", "Payment failed because the PIN is incorrect.", *_CUSTOMER),
    Decline("debit_instrument_blocked", "Payment failed because the account or card is blocked.", "customer", _BANK[1]),
    Decline("authentication_failed", "Payment failed because the customer could not be authenticated.", *_CUSTOMER),
    Decline("payment_cancelled", "Payment was cancelled by the customer.", *_CUSTOMER),
    Decline("invalid_vpa", "Payment failed because the VPA is invalid.", "customer", "payment_initiation"),
    Decline("payment_risk_check_failed", "Payment blocked due to a suspicion of fraud.", "internal", "payment_initiation"),
    Decline("international_transaction_not_allowed", "Payment failed as international cards are not allowed.", *_BUSINESS),
    Decline("merchant_not_activated", "The merchant is not activated.", *_BUSINESS),
    Decline("payment_method_not_enabled", "The payment method is not enabled for the merchant.", *_BUSINESS),
    Decline("recurring_payment_not_enabled", "Recurring payments are not enabled for the merchant.", *_BUSINESS),
    Decline("live_mode_not_enabled", "Live mode is not enabled for the merchant.", *_BUSINESS),
    Decline("input_validation_failed", "The input is invalid.", *_BUSINESS),
    Decline("order_already_paid", "Your payment could not be completed as this order is already paid.", *_BUSINESS),
)
DECLINES: Final = {decline.reason: decline for decline in _DECLINES}

MAGIC_DECLINES: Final = {901 + number: decline.reason for number, decline in enumerate(_DECLINES)}
"""The last three digits of a payment's amount in minor units, and the reason for which it then fails."""

PENDING, PENDING_THEN_FAILED, LATE = 951, 952, 953
REFUND_PENDING, REFUND_FAILED = 961, 962
MAGIC_S: Final = 2.0
"""What takes minutes or days with them takes so long here, unless a rule says otherwise."""


def decline_of(reason: str) -> Decline:
    """How a reason is said; one that is not in the list, in general words."""
    return DECLINES.get(reason) or Decline(reason, f"Payment failed: {reason.replace('_', ' ')}.", *_BANK)
