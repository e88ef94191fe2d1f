"""Disputes (razorpay.com/docs/api/disputes): the customer's bank wants a captured payment back."""

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused
from deploy.sandbox.razorpay.books import Books

STATUSES = ("under_review", "action_required", "won", "lost", "closed")
RESPOND_WITHIN_S = 7 * 86_400


def create(books: Books, payment_id: str, amount: int | None, reason_code: str) -> Document:
    """A new dispute about a captured payment."""
    payment = books.get("payment", payment_id)
    if not payment["captured"]:
        raise Refused("Only captured payments are disputed")
    dispute: Document = {
        "id": new_id("disp_", 14),
        "entity": "dispute",
        "payment_id": payment["id"],
        "amount": amount or payment["amount"],
        "currency": payment["currency"],
        "amount_deducted": 0,
        "reason_code": reason_code,
        "reason_description": "The customer does not recognise the payment",
        "respond_by": books.now + RESPOND_WITHIN_S,
        "status": "open",
        "phase": "chargeback",
        "created_at": books.now,
    }
    books.add("dispute", dispute, payment_id=payment["id"])
    books.tell(("payment.dispute.created", {"payment": payment, "dispute": dispute}))
    return shown(dispute)


def move(books: Books, dispute_id: str, status: str) -> Document:
    """The dispute has gone on. A lost one takes its amount out of the next settlement."""
    dispute = books.get("dispute", dispute_id)
    if dispute["status"] in ("won", "lost", "closed"):
        raise Refused(f"The dispute is {dispute['status']} already")
    payment = books.get("payment", dispute["payment_id"])
    # `action_required` is an event of its own, but no status: the bank wants more evidence for a dispute that is open.
    dispute["status"] = "open" if status == "action_required" else status
    if status == "lost":
        dispute["amount_deducted"] = dispute["amount"]
        books.move("dispute_loss", dispute, dispute["amount"], payment["_receipt"], payment["notes"])
    books.put("dispute", dispute, **({"unsettled": "1"} if status == "lost" else {}))
    books.tell((f"payment.dispute.{status}", {"payment": payment, "dispute": dispute}))
    return shown(dispute)


def listed(books: Books, query: Document) -> Document:
    """GET /v1/disputes."""
    return books.page("dispute", query)
