"""Orders (razorpay.com/docs/api/orders): what a customer is to pay, and the attempts at it."""

from itertools import islice
from typing import Any

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused, collection
from deploy.sandbox.razorpay.books import Books, span_of
from deploy.sandbox.razorpay.checks import (
    MIN_PAISE,
    amount_of,
    currency_of,
    flag_of,
    known,
    notes_of,
    number_of,
    receipt_of,
)

_FIELDS = {
    "amount",
    "currency",
    "receipt",
    "notes",
    "partial_payment",
    "first_payment_min_amount",
    "payment_capture",
    "payment",
    "customer_id",
    "method",
    "token",
    "notification",
}
_NOTICE_S = 0.1
_FREQUENCIES = ("as_presented", "daily", "weekly", "fortnightly", "monthly", "quarterly", "half_yearly", "yearly")
_TOKEN_FIELDS = {"max_amount", "expire_at", "frequency", "recurring_value", "recurring_type", "auth_type"}


def create(books: Books, body: Document) -> Document:
    """POST /v1/orders."""
    known(body, _FIELDS)
    amount = amount_of(body, least=MIN_PAISE if body.get("currency", "INR") == "INR" else 1)
    token = _mandate(books, body)
    document: Document = {
        "id": new_id("order_", 14),
        "entity": "order",
        "amount": amount,
        "amount_paid": 0,
        "amount_due": amount,
        "currency": currency_of(body, amount),
        "receipt": receipt_of(body),
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": notes_of(body),
        "created_at": books.now,
        "_capture": _capture(books, body),
        "_partial": flag_of(body, "partial_payment"),
        **token,
    }
    notification = _notification(books, body)
    if notification is not None:
        document["notification"] = notification
    books.add("order", document, receipt=document["receipt"])
    if notification is not None:
        books.do_later(_NOTICE_S, "notice", document["id"])
    return shown(document)


def _capture(books: Books, body: Document) -> bool:
    """Whether payments are captured by themselves: the order says so, or else the account."""
    if "payment_capture" in body:
        return flag_of(body, "payment_capture")
    chosen = body["payment"].get("capture") if isinstance(body.get("payment"), dict) else None
    if chosen not in (None, "automatic", "manual"):
        raise Refused("The selected capture is invalid.", field="capture")
    return (chosen or books.account.capture) == "automatic"


def _mandate(books: Books, body: Document) -> Document:
    """What an order that is to authorise a mandate says of it."""
    found: Document = {}
    if body.get("customer_id") is not None:
        found["customer_id"] = books.get("customer", body["customer_id"])["id"]
    wanted = body.get("token")
    if wanted is None:
        return found
    if not isinstance(wanted, dict) or not isinstance(wanted.get("max_amount"), int):
        raise Refused("The token.max_amount field is required.", field="token.max_amount")
    known(wanted, _TOKEN_FIELDS)
    if wanted.get("frequency", "as_presented") not in _FREQUENCIES:
        raise Refused("The selected token.frequency is invalid.", field="token.frequency")
    return {
        **found,
        "token": {"notes": [], "recurring_status": None, "failure_reason": None, "currency": body.get("currency"), **wanted},
    }


def _notification(books: Books, body: Document) -> Document | None:
    """The notice to the customer that precedes a debit of a mandate."""
    wanted = body.get("notification")
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("payment_after"), int):
        raise Refused("The notification.payment_after field is required.", field="notification.payment_after")
    known(wanted, {"token_id", "payment_after"})
    token = books.get("token", wanted.get("token_id"))
    if token["recurring_details"]["status"] != "confirmed":
        raise Refused("The token is not confirmed for recurring payments", field="notification.token_id")
    return {"token_id": token["id"], "payment_after": wanted["payment_after"], "id": new_id("notification_", 14)}


def listed(books: Books, query: Document) -> Document:
    """GET /v1/orders."""
    known(query, {"receipt", "authorized", "from", "to", "count", "skip", "expand[]"})
    span = span_of(query)
    authorized = number_of(query, "authorized", None, most=1)
    expand = query.get("expand[]")
    if expand not in (None, "payments", "payments.card", "transfers", "virtual_account"):
        raise Refused("The selected expand is invalid.", field="expand")
    key = ("receipt", query["receipt"]) if "receipt" in query else ("authorized", "1") if authorized else None
    found = books.objects.find("order", key, since=span.since, until=span.until)
    wanted = (one for one in found if authorized is None or one.get("_authorized", False) == bool(authorized))
    items = [shown(order) for order in islice(wanted, span.skip, span.skip + span.count)]
    if expand == "payments":
        items = [{**order, "payments": payments_of(books, order["id"])} for order in items]
    return collection(items)


def payments_of(books: Books, order_id: Any) -> Document:
    """GET /v1/orders/{id}/payments: all attempts, the newest first."""
    order = books.get("order", order_id)
    return collection([shown(payment) for payment in reversed(books.find("payment", order_id=order["id"]))])


def notify(books: Books, order_id: str) -> None:
    """Say what became of the notice that precedes a debit."""
    order = books.get("order", order_id)
    order["_notice"] = "failed" if books.fate(order, "notice_failed") else "delivered"
    books.put("order", order)
    delivered_at = books.now if order["_notice"] == "delivered" else None
    notice = {**order["notification"], "order_id": order_id, "status": order["_notice"], "delivered_at": delivered_at}
    books.tell((f"order.notification.{order['_notice']}", {"notification": notice, "order": order}))
