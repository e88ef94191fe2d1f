"""Disputes (docs.stripe.com/api/disputes): the customer's bank takes a payment back, with a fee, until it is decided."""

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.charges import transaction

RESPOND_WITHIN_S = 9 * 86_400
_CLOSED = ("won", "lost", "warning_closed")


def create(books: Books, charge_id: str, reason: str) -> Document:
    """A new dispute about a captured charge. The money is gone at once."""
    charge = books.get("charge", charge_id, "charge")
    if not charge["captured"] or charge["disputed"]:
        raise Refused("Only captured charges are disputed, and only once.")
    dispute: Document = {
        "id": new_id("du_", 24),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": books.now,
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": books.now + RESPOND_WITHIN_S,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    taken = transaction(books, "adjustment", dispute, amount=-dispute["amount"], category="dispute")
    dispute["balance_transactions"] = [shown(taken)]
    charge["disputed"] = True
    books.put("charge", charge)
    books.add("dispute", dispute, charge=charge["id"], payment_intent=charge["payment_intent"])
    books.announce(("charge.dispute.created", dispute), ("charge.dispute.funds_withdrawn", dispute))
    return shown(dispute)


def move(books: Books, dispute_id: str, status: str) -> Document:
    """The dispute has gone on. A won one brings its money back."""
    dispute = books.get("dispute", dispute_id)
    if dispute["status"] in _CLOSED:
        raise Refused(f"The dispute is {dispute['status']} already.")
    charge = books.get("charge", dispute["charge"])
    dispute["status"] = status
    events = [("charge.dispute.closed" if status in _CLOSED else "charge.dispute.updated", dispute)]
    if status == "won":
        back = transaction(books, "adjustment", dispute, amount=dispute["amount"], category="dispute_reversal")
        dispute["balance_transactions"] = [*dispute["balance_transactions"], shown(back)]
        events.append(("charge.dispute.funds_reinstated", dispute))
    if status == "lost":
        books.move("dispute_loss", dispute, dispute["amount"], charge["metadata"].get("receipt"), charge["metadata"])
    books.put("dispute", dispute)
    books.announce(*events)
    return shown(dispute)
