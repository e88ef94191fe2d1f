"""Why cards are declined (docs.stripe.com/declines/codes), and the payment methods and amounts that ask for it."""

from typing import Final

_MESSAGES: Final = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "stolen_card": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "incorrect_number": "Your card number is incorrect.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_not_supported": "Your card does not support this type of purchase.",
    "currency_not_supported": "Your card does not support this currency.",
    "duplicate_transaction": "Your card was declined. A transaction with the same amount was submitted very recently.",
    "try_again_later": "Your card was declined. Try again in a little bit.",
    "issuer_not_available": "Your card was declined. Try again in a little bit.",
    "reenter_transaction": "Your card was declined. Try again.",
}
# Of these the customer hears no more than that the card was declined.
_SILENT: Final = (
    "do_not_honor",
    "call_issuer",
    "fraudulent",
    "invalid_account",
    "pickup_card",
    "restricted_card",
    "transaction_not_allowed",
    "revocation_of_authorization",
    "stop_payment_order",
    "withdrawal_count_limit_exceeded",
)
DECLINES: Final = {**_MESSAGES, **dict.fromkeys(_SILENT, _MESSAGES["generic_decline"])}
# These are codes of their own; every other decline has the code card_declined.
_OWN_CODES: Final = {"expired_card", "incorrect_cvc", "processing_error", "incorrect_number", "authentication_required"}

MAGIC_DECLINES: Final = {901 + number: code for number, code in enumerate(DECLINES)}
"""The last three digits of an amount in minor units, and the code with which it is declined."""
PROCESSING, PROCESSING_THEN_FAILED, AUTHENTICATION = 951, 952, 953
REFUND_PENDING, REFUND_FAILED = 961, 962
MAGIC_S: Final = 2.0
"""What takes days with them takes so long here, unless a rule says otherwise."""

SUCCEEDS, PROCESSES, DISPUTED, REFUND_FAILS, REFUND_PENDS = "succeeded", "processing", "disputed", "refund_fails", "refund_pends"
TEST_METHODS: Final = {
    **dict.fromkeys(("pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_in"), SUCCEEDS),
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_chargeCustomerFail": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedLostCard": "lost_card",
    "pm_card_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
    "pm_card_chargeDeclinedFraudulent": "fraudulent",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "card_velocity_exceeded",
    "pm_card_authenticationRequired": "authentication_required",
    "pm_card_createDispute": DISPUTED,
    "pm_card_refundFail": REFUND_FAILS,
    "pm_card_pendingRefund": REFUND_PENDS,
}
"""Stripe's payment methods for tests (docs.stripe.com/testing), and how charges on them go."""


def code_of(decline: str) -> str:
    """The error's code for a decline."""
    return decline if decline in _OWN_CODES else "card_declined"


def message_of(decline: str) -> str:
    """What the customer is told."""
    return DECLINES.get(decline, _MESSAGES["generic_decline"])
