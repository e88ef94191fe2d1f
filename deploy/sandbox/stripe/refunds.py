"""Refunds (docs.stripe.com/api/refunds)."""

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.charges import transaction
from deploy.sandbox.stripe.declines import MAGIC_S, REFUND_FAILED, REFUND_FAILS, REFUND_PENDING, REFUND_PENDS
from deploy.sandbox.stripe.forms import choice_of, integer_of, known, metadata_of, text_of

_FIELDS = {"charge", "payment_intent", "amount", "reason", "metadata"}
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(books: Books, fields: Document) -> Document:
    """POST /v1/refunds."""
    known(fields, _FIELDS)
    reason, metadata, amount = choice_of(fields, "reason", _REASONS), metadata_of(fields), integer_of(fields, "amount")
    charge = _charge(books, fields)
    left: int = charge["amount_captured"] - _refunded(charge)
    if not charge["captured"]:
        raise Refused("This charge has not been captured.", code="charge_not_refundable", begun=True)
    if left == 0:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", begun=True)
    amount = left if amount is None else amount
    if amount < 1:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if amount > left:
        text = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refused(text, code="amount_too_large", param="amount", begun=True)
    status, final, seconds = _course(books, charge, amount)
    refund: Document = {
        "id": new_id("re_", 24),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": books.now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "rrn", "type": "refund"},
            "type": "card",
        },
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    refund["balance_transaction"] = transaction(books, "refund", refund, amount=-amount)["id"]
    _count(charge, amount)
    books.put("charge", charge)
    books.add("refund", refund, charge=charge["id"], payment_intent=charge["payment_intent"])
    books.move("refund", refund, amount, metadata.get("receipt"), metadata)
    books.announce(("refund.created", refund), ("charge.refunded", charge))
    if final != status:
        books.do_later(seconds, "refund", refund["id"], status=final)
    return shown(refund)


def _charge(books: Books, fields: Document) -> Document:
    charge_id, intent_id = text_of(fields, "charge"), text_of(fields, "payment_intent")
    if (charge_id is None) == (intent_id is None):
        raise Refused("One of the following params should be provided for this request: payment_intent or charge.")
    if charge_id is not None:
        return books.get("charge", charge_id, "charge", status=400)
    intent = books.get("payment_intent", intent_id, "payment_intent", status=400)
    if intent["latest_charge"] is None:
        raise Refused("This PaymentIntent does not have a successful charge to refund.", param="payment_intent", begun=True)
    return books.get("charge", intent["latest_charge"])


def _refunded(charge: Document) -> int:
    """What has been refunded of what was captured; the part that never was counts as refunded with them."""
    freed = charge["amount"] - charge["amount_captured"] if charge["captured"] else 0
    refunded: int = charge["amount_refunded"] - freed
    return refunded


def _count(charge: Document, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def _course(books: Books, charge: Document, amount: int) -> tuple[str, str, float]:
    """The first status of a refund, the last one, and after how many seconds it has that."""
    rule = books.fate(charge, "refund_pending", "refund_failed")
    magic = amount % 1000 if books.account.magic_amounts else 0
    if rule is not None:
        seconds = MAGIC_S if rule.seconds is None else rule.seconds
        return "pending", "failed" if rule.action == "refund_failed" else "succeeded", seconds
    if magic == REFUND_FAILED or charge["_outcome"] == REFUND_FAILS:
        # A card's refund is said to have succeeded until its bank sends it back.
        return "succeeded", "failed", MAGIC_S
    if magic == REFUND_PENDING or charge["_outcome"] == REFUND_PENDS:
        return "pending", "succeeded", MAGIC_S
    return "succeeded", "succeeded", 0.0


def finish(books: Books, refund_id: str, status: str) -> None:
    """A refund has gone well at last, or failed: its money is back on the balance."""
    refund = books.get("refund", refund_id)
    refund["status"] = status
    charge = books.get("charge", refund["charge"])
    events = [("refund.updated", refund), ("charge.refund.updated", refund)]
    if status == "failed":
        back = transaction(books, "refund_failure", refund, amount=refund["amount"])
        refund |= {"failure_balance_transaction": back["id"], "failure_reason": "expired_or_canceled_card"}
        _count(charge, -refund["amount"])
        books.put("charge", charge)
        books.move("refund_reversal", refund, refund["amount"], refund["metadata"].get("receipt"), refund["metadata"])
        events = [("refund.failed", refund), *events]
    books.put("refund", refund)
    books.announce(*events)
