"""Razorpay's refusals: `{error: {code, description, field, source, step, reason, metadata: {payment_id, order_id}}}`.

Razorpay answers 400 to an id that it does not know, to a state that does not allow a call, to a request that is wrong, and to
a payment that its bank has declined; what it was is in the words. Those that are looked for here are documented
(razorpay.com/docs/api: errors of each call).
"""

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.answers import Refusal, Refused, Unknown
from services.payments.gateways.declines import Decline, told
from services.payments.gateways.documents import Document
from services.payments.gateways.razorpay_declines import RAZORPAY_DECLINES, razorpay_decline
from shared.runtime.outside.http_api import Reply

IN_PROGRESS_S: Final = 2.0
_SAID: Final[Mapping[str, Refusal]] = {
    "api key": Refusal.SETUP,
    "authentication failed": Refusal.SETUP,
    "access denied": Refusal.SETUP,
    "requested url was not found": Refusal.SETUP,
    "does not exist": Refusal.NOT_FOUND,
    "is not a valid id": Refusal.NOT_FOUND,
    "already been captured": Refusal.STATE,
    "already paid": Refusal.STATE,
    "fully refunded already": Refusal.STATE,
    "greater than amount captured": Refusal.STATE,
    "refund amount is greater": Refusal.STATE,
    "authorized payment already": Refusal.STATE,
    "have been authorized": Refusal.STATE,
    "payment status should be captured": Refusal.STATE,
}
"""By words of the description, in lower case."""
_DECLINERS: Final = frozenset(
    {"customer", "bank", "issuer_bank", "issuer", "gateway", "network", "customer_psp", "beneficiary_bank"}
)
"""Where a payment has failed outside of Razorpay, as `source` says it."""
_OUR_REQUEST: Final = frozenset(
    {
        "duplicate_request",
        "input_validation_failed",
        "invalid_amount",
        "invalid_currency",
        "invalid_order_id",
        "invalid_request",
        "order_already_paid",
        "order_amount_mismatch",
        "order_payment_method_mismatch",
    }
)
"""Reasons that decline no payment, because the request was wrong before there was one."""


def error_of(reply: Reply) -> Document:
    """The error of a refusal; empty where it is in other words."""
    return Document(reply.members).child("error")


def refusal(reply: Reply) -> Refused | Unknown:
    """What a reply of 400 to 499 means that declines no payment."""
    error = error_of(reply)
    said = error.text_or_none("description") or f"answered {reply.status}"
    detail, code = told(f"razorpay: {said}"), error.text_or_none("reason") or error.text_or_none("code")
    if reply.status == 409 and "still in progress" in said.lower():
        return Unknown(detail, IN_PROGRESS_S)
    if reply.status in (403, 404) and not error:
        return Refused(Refusal.SETUP, detail, code)
    found = next((why for words, why in _SAID.items() if words in said.lower()), Refusal.INVALID)
    return Refused(found, detail, code)


def declined(reply: Reply) -> Decline | None:
    """Why a charge was declined; None where the refusal is one of our request."""
    error = error_of(reply)
    code, reason = error.text_or_none("code") or "", error.text_or_none("reason") or ""
    is_ours = reason in _OUR_REQUEST
    is_payment = error.child("metadata").text_or_none("payment_id") is not None or error.text_or_none("source") in _DECLINERS
    if is_ours or not (is_payment or reason in RAZORPAY_DECLINES):
        return None
    return razorpay_decline(code, reason, error.text_or_none("description") or "")
