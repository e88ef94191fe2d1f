"""What a customer is told of a declined payment, in English; templates may say it in other languages under the same keys.

Never that a card is reported lost or stolen, or that fraud is suspected: who holds the card may be the wrong person to hear it.
"""

from collections.abc import Mapping
from typing import Final

DECLINE_TEXTS: Final[Mapping[str, str]] = {
    "account_details": "The details of the bank account could not be confirmed. Please check them, or pay in another way.",
    "amount_not_possible": "This amount cannot be paid in this way. Please pay in another way.",
    "authentication": "The payment was not confirmed with your bank. Please try again and confirm it.",
    "bank_declined": "Your bank declined the payment and did not say why. Please ask your bank, or pay in another way.",
    "bank_unavailable": "Your bank did not answer. Please try again in a few minutes, or pay in another way.",
    "cancelled": "The payment was cancelled. You can try again at any time.",
    "card_details": "Some details of the card are not right. Please check them and try again.",
    "card_expired": "The card has expired. Please pay with another card.",
    "card_inactive": "The card or account is blocked or not active. Please ask your bank, or pay in another way.",
    "card_unsupported": "This card cannot be used for this payment. Please pay with another card, or in another way.",
    "cheque_bounced": "Your bank did not honour the cheque. Please pay in another way.",
    "contact_details": "The e-mail address or mobile number is not the one that your bank knows. Please check it and try again.",
    "credit_unavailable": "The credit for this payment was not granted. Please pay in another way.",
    "insufficient_funds": "There was not enough money in the account. Please add money, or pay with another card or account.",
    "limit_exceeded": "The payment is above a limit of your card or account. Please try again tomorrow, or pay in another way.",
    "mandate_ended": "Automatic payments are not allowed any more. Please allow them again, or pay in another way.",
    "mandate_not_set_up": "Automatic payments could not be set up. Please try again.",
    "not_available": "This way of paying is not available at the moment. Please pay in another way. We know of it.",
    "paid_already": "This order has been paid already. You do not need to do anything.",
    "pending": "Your bank has not confirmed the payment yet. You do not need to do anything.",
    "technical": "The payment did not go through for a technical reason. Please try again in a few minutes.",
    "timed_out": "The payment was not completed in time. Please try again.",
    "upi_app": "Your UPI app could not complete the payment. Please try again with another UPI app.",
    "upi_id": "The UPI ID is not valid. Please check it and try again.",
    "upi_set_up": "UPI is not set up for this account on this phone. Please set it up in your UPI app and try again.",
}
