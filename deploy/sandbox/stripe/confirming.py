"""What becomes of a payment intent that is confirmed: by the rules, the amount, or the card."""

from typing import Final

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe import charges
from deploy.sandbox.stripe.answers import Refused, unexpected_state
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.declines import (
    AUTHENTICATION,
    DECLINES,
    DISPUTED,
    MAGIC_DECLINES,
    MAGIC_S,
    PROCESSES,
    PROCESSING,
    PROCESSING_THEN_FAILED,
    code_of,
    message_of,
)
from deploy.sandbox.stripe.forms import integer_of, known

_NEEDS_CUSTOMER: Final = "authentication_required"
_UNAUTHENTICATED: Final = "payment_intent_authentication_failure"


def confirm(books: Books, intent: Document, method: Document, *, off_session: bool) -> Document | Refused:
    """Charge the card, or say what else it takes. A decline is an error with status 402, and the intent stands as it was."""
    intent |= {"last_payment_error": None, "next_action": None}
    rule = books.fate(intent, "decline", "pending")
    outcome = _outcome(books, intent, method)
    if rule is not None:
        outcome = PROCESSES if rule.action == "pending" else rule.reason or "generic_decline"
    if outcome == PROCESSES:
        seconds = MAGIC_S if rule is None or rule.seconds is None else rule.seconds
        failed = (
            rule.reason if rule is not None else "generic_decline" if _magic(books, intent) == PROCESSING_THEN_FAILED else None
        )
        return _process(books, intent, seconds, failed)
    if outcome == _NEEDS_CUSTOMER and not off_session:
        return _ask(books, intent)
    if outcome in DECLINES or rule is not None:
        return decline(books, intent, method, outcome)
    return succeed(books, intent, method)


def _magic(books: Books, intent: Document) -> int:
    return intent["amount"] % 1000 if books.account.magic_amounts else 0


def _outcome(books: Books, intent: Document, method: Document) -> str:
    magic = _magic(books, intent)
    if magic in (PROCESSING, PROCESSING_THEN_FAILED):
        return PROCESSES
    if magic == AUTHENTICATION:
        return _NEEDS_CUSTOMER
    outcome: str = MAGIC_DECLINES.get(magic) or method["_outcome"]
    return outcome


def _process(books: Books, intent: Document, seconds: float, failed: str | None) -> Document:
    intent["status"] = "processing"
    books.put("payment_intent", intent)
    books.announce(("payment_intent.processing", intent))
    books.do_later(seconds, "bank", intent["id"], outcome=failed or "succeeded")
    return shown(intent)


def _ask(books: Books, intent: Document) -> Document:
    """The customer must authenticate; whoever plays them answers at /stripe/payment_intents/{id}/bank."""
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"return_url": None, "url": "https://hooks.stripe.com/3d_secure"}}
    intent |= {"status": "requires_action", "next_action": redirect}
    books.put("payment_intent", intent)
    books.announce(("payment_intent.requires_action", intent))
    return shown(intent)


def succeed(books: Books, intent: Document, method: Document) -> Document:
    """The bank has said yes."""
    charge = charges.charge(books, intent, method, None)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        books.put("payment_intent", intent)
        books.announce(("charge.succeeded", charge), ("payment_intent.amount_capturable_updated", intent))
    else:
        _take(books, intent, charge, intent["amount"])
        books.announce(("charge.succeeded", charge), ("payment_intent.succeeded", intent))
    return shown(intent)


def _take(books: Books, intent: Document, charge: Document, amount: int) -> None:
    charges.capture(books, charge, amount)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    books.put("payment_intent", intent)
    rule = books.fate(intent, "dispute")
    if rule is not None or charge["_outcome"] == DISPUTED:
        books.do_later((rule.seconds if rule is not None else None) or 0.0, "dispute", charge["id"])


def decline(books: Books, intent: Document, method: Document, reason: str) -> Refused:
    """The bank has said no."""
    charge = charges.charge(books, intent, method, reason)
    code, message = code_of(reason), message_of(reason)
    error = {"charge": charge["id"], "code": code, "decline_code": reason, "message": message, "type": "card_error"}
    error["payment_method"] = shown(method)
    intent |= {"status": "requires_payment_method", "latest_charge": charge["id"], "last_payment_error": error}
    intent |= {"payment_method": None, "next_action": None}
    books.put("payment_intent", intent)
    books.announce(("charge.failed", charge), ("payment_intent.payment_failed", intent))
    return Refused(
        message,
        status=402,
        kind="card_error",
        code=code,
        begun=True,
        decline_code=reason,
        charge=charge["id"],
        payment_intent=shown(intent),
        payment_method=shown(method),
    )


def hear(books: Books, intent_id: str, outcome: str) -> Document:
    """The bank has answered at last, or the customer has authenticated or not: `succeeded`, or why not."""
    intent = books.get("payment_intent", intent_id, "intent")
    if intent["status"] not in ("processing", "requires_action"):
        raise unexpected_state(f"Nobody is asked about this PaymentIntent: its status is {intent['status']}.", shown(intent))
    method = books.get("payment_method", intent["payment_method"])
    if outcome == "succeeded":
        return succeed(books, intent, method)
    if intent["status"] == "requires_action" and outcome == "authentication_failed":
        error = {"code": _UNAUTHENTICATED, "message": "The customer could not be authenticated.", "type": "invalid_request_error"}
        intent |= {"status": "requires_payment_method", "next_action": None, "last_payment_error": error, "payment_method": None}
        books.put("payment_intent", intent)
        books.announce(("payment_intent.payment_failed", intent))
    else:
        decline(books, intent, method, outcome)
    return shown(intent)


def capture(books: Books, intent_id: str, fields: Document) -> Document:
    """POST /v1/payment_intents/{id}/capture, once, all or a part; the rest is free again."""
    known(fields, {"amount_to_capture", "metadata", "final_capture", "statement_descriptor", "statement_descriptor_suffix"})
    amount = integer_of(fields, "amount_to_capture")
    intent = books.get("payment_intent", intent_id, "intent")
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.",
            shown(intent),
        )
    amount = intent["amount_capturable"] if amount is None else amount
    if not 1 <= amount <= intent["amount_capturable"]:
        raise Refused("Amount is not valid for capture", code="amount_too_large", param="amount_to_capture", begun=True)
    charge = books.get("charge", intent["latest_charge"])
    _take(books, intent, charge, amount)
    books.announce(("charge.captured", charge), ("payment_intent.succeeded", intent))
    return shown(intent)
