"""Stripe's refusals: `{error: {type, code, decline_code, message, param, payment_intent}}` (docs.stripe.com/api/errors)."""

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.answers import Refusal, Refused, Unknown
from services.payments.gateways.declines import told
from services.payments.gateways.documents import Document
from shared.runtime.outside.http_api import Reply

IN_PROGRESS_S: Final = 2.0
_CODES: Final[Mapping[str, Refusal]] = {
    "resource_missing": Refusal.NOT_FOUND,
    "payment_intent_unexpected_state": Refusal.STATE,
    "payment_intent_incompatible_payment_method": Refusal.STATE,
    "charge_already_captured": Refusal.STATE,
    "charge_already_refunded": Refusal.STATE,
    "charge_disputed": Refusal.STATE,
    "charge_expired_for_capture": Refusal.STATE,
    "account_invalid": Refusal.SETUP,
    "api_key_expired": Refusal.SETUP,
    "livemode_mismatch": Refusal.SETUP,
    "testmode_charges_only": Refusal.SETUP,
}


def error_of(reply: Reply) -> Document:
    """The error of a refusal; empty where it is in other words."""
    return Document(reply.members).child("error")


def is_decline(reply: Reply) -> bool:
    """Whether a card or its bank said no."""
    return reply.status == 402 or (300 <= reply.status < 500 and error_of(reply).text_or_none("type") == "card_error")


def refusal(reply: Reply) -> Refused | Unknown:
    """What a reply of 300 to 499 means that declines no payment."""
    error = error_of(reply)
    code = error.text_or_none("code") or error.text_or_none("type")
    detail = told(f"stripe: {error.text_or_none('message') or f'answered {reply.status}'}")
    if reply.status == 409:
        # The first call with this idempotency key is still at work.
        return Unknown(detail, IN_PROGRESS_S)
    if reply.status == 403 or not error:
        return Refused(Refusal.SETUP, detail, code or str(reply.status))
    if "greater than" in detail.lower() and "refund" in detail.lower():
        return Refused(Refusal.STATE, detail, code)
    return Refused(_CODES.get(code or "", Refusal.INVALID), detail, code)
