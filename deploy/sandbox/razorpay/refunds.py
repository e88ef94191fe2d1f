"""Refunds (razorpay.com/docs/api/refunds): normal ones, with Razorpay's idempotency header."""

import re
from datetime import UTC, datetime

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.checks import amount_of, known, notes_of, receipt_of
from deploy.sandbox.razorpay.reasons import MAGIC_S, REFUND_FAILED, REFUND_PENDING

KEY_HEADER = "X-Refund-Idempotency"
MAX_AGE_MONTHS = 6
_KEY = re.compile(r"[A-Za-z0-9_-]{10,}")


def checked_key(key: str | None) -> str | None:
    """The idempotency key of a request."""
    if key is not None and not _KEY.fullmatch(key):
        raise Refused("The idempotency key must have at least 10 characters: letters, digits, hyphens and underscores")
    return key


def create(books: Books, payment_id: str, body: Document) -> Document:
    """POST /v1/payments/{id}/refund."""
    known(body, {"amount", "speed", "notes", "receipt"})
    payment = books.get("payment", payment_id)
    amount = _amount(books, payment, body)
    speed = body.get("speed", "normal")
    if speed not in ("normal", "optimum"):
        raise Refused("speed should be one of normal, optimum", field="speed")
    status, seconds, final = _course(books, payment, amount)
    refund: Document = {
        "id": new_id("rfnd_", 14),
        "entity": "refund",
        "amount": amount,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": notes_of(body),
        "receipt": receipt_of(body),
        "acquirer_data": {"arn": None},
        "created_at": books.now,
        "batch_id": None,
        "status": status,
        "speed_processed": "normal" if speed == "normal" or status == "processed" else None,
        "speed_requested": speed,
    }
    _count(payment, amount)
    books.put("payment", payment)
    books.add("refund", refund, payment_id=payment["id"], unsettled="1")
    books.move("refund", refund, amount, refund["receipt"], refund["notes"])
    entities = {"refund": dict(refund), "payment": dict(payment)}
    created = ("refund.created", {**entities, "refund": {**refund, "status": "pending"}})
    changed = [("refund.speed_changed", entities)] if speed == "optimum" and status == "processed" else []
    books.tell(created, *changed, *([("refund.processed", entities)] if status == "processed" else []))
    if status == "pending":
        books.do_later(seconds, "refund", refund["id"], status=final)
    return shown(refund)


def _amount(books: Books, payment: Document, body: Document) -> int:
    if payment["status"] == "refunded":
        raise Refused("The payment has been fully refunded already")
    if not payment["captured"]:
        raise Refused("The payment status should be captured for action to be taken")
    if _months_between(payment["created_at"], books.now) >= MAX_AGE_MONTHS:
        raise Refused("The refund is not possible: the payment is more than 6 months old")
    left: int = payment["amount"] - payment["amount_refunded"]
    amount = amount_of(body) if body.get("amount") is not None else left
    if amount > left:
        raise Refused("The total refund amount is greater than the refund payment amount", field="amount")
    return amount


def _course(books: Books, payment: Document, amount: int) -> tuple[str, float, str]:
    """The first status of a refund, after how many seconds it has its last one, and which that is."""
    rule = books.fate(payment, "refund_pending", "refund_failed")
    magic = amount % 1000 if books.account.magic_amounts else 0
    if rule is not None:
        seconds = MAGIC_S if rule.seconds is None else rule.seconds
        return "pending", seconds, "failed" if rule.action == "refund_failed" else "processed"
    if magic in (REFUND_PENDING, REFUND_FAILED):
        return "pending", MAGIC_S, "failed" if magic == REFUND_FAILED else "processed"
    return "processed", 0.0, "processed"


def finish(books: Books, refund_id: str, status: str) -> None:
    """A pending refund has gone well or failed. A failed one leaves the payment as if it had not been."""
    refund = books.get("refund", refund_id)
    if refund["status"] != "pending":
        return
    payment = books.get("payment", refund["payment_id"])
    refund["status"] = status
    if status == "processed":
        refund["speed_processed"] = "normal"
    else:
        _count(payment, -refund["amount"])
        books.put("payment", payment)
        books.move("refund_reversal", refund, refund["amount"], refund["receipt"], refund["notes"])
    books.put("refund", refund)
    books.tell((f"refund.{status}", {"refund": refund, "payment": payment}))


def _count(payment: Document, amount: int) -> None:
    payment["amount_refunded"] += amount
    is_full = payment["amount_refunded"] == payment["amount"]
    payment["refund_status"] = "full" if is_full else "partial" if payment["amount_refunded"] else None
    payment["status"] = "refunded" if is_full else "captured"


def listed(books: Books, query: Document, payment_id: str | None = None) -> Document:
    """GET /v1/refunds, GET /v1/payments/{id}/refunds."""
    key = ("payment_id", str(books.get("payment", payment_id)["id"])) if payment_id is not None else None
    return books.page("refund", query, key)


def one_of(books: Books, payment_id: str, refund_id: str) -> Document:
    """GET /v1/payments/{id}/refunds/{refund_id}."""
    refund = books.get("refund", refund_id)
    if refund["payment_id"] != payment_id:
        raise Refused("The id provided does not exist")
    return shown(refund)


def _months_between(earlier: int, later: int) -> int:
    """Whole months from one moment to another."""
    begin, end = datetime.fromtimestamp(earlier, UTC), datetime.fromtimestamp(later, UTC)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    is_short = (end.day, end.time()) < (begin.day, begin.time())
    return months - is_short
