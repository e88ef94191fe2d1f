"""Payments (razorpay.com/docs/api/payments): one attempt of a customer each."""

from typing import Any

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused
from deploy.sandbox.razorpay.books import Books, Told
from deploy.sandbox.razorpay.checks import amount_of, currency_of, known
from deploy.sandbox.razorpay.reasons import Decline

GST_BP = 1800


AUTO_REFUND_S = 3 * 86_400


def fees(amount: int, fee_bp: int) -> tuple[int, int]:
    """What Razorpay keeps of an amount, GST included, and the GST in it; both rounded half up."""
    base = (amount * fee_bp + 5000) // 10_000
    tax = (base * GST_BP + 5000) // 10_000
    return base + tax, tax


def begin(books: Books, order: Document, instrument: Document, contact: Document) -> Document:
    """A new attempt at an order. instrument: method and what belongs to it; contact: e-mail, contact, customer, token."""
    document: Document = {
        "id": new_id("pay_", 14),
        "entity": "payment",
        "amount": contact.get("amount") or order["amount_due"],
        "currency": order["currency"],
        "status": "created",
        "order_id": order["id"],
        "invoice_id": None,
        "international": False,
        "method": instrument["method"],
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": contact.get("description"),
        "card_id": None,
        "bank": None,
        "wallet": None,
        "vpa": None,
        "email": contact.get("email"),
        "contact": contact.get("contact"),
        **{name: contact[name] for name in ("customer_id", "token_id") if contact.get(name)},
        "notes": contact.get("notes") or order["notes"],
        "fee": None,
        "tax": None,
        "error_code": None,
        "error_description": None,
        "error_source": None,
        "error_step": None,
        "error_reason": None,
        "acquirer_data": {},
        "created_at": books.now,
        "_receipt": order["receipt"],
        **instrument,
    }
    order["attempts"] += 1
    order["status"] = "attempted"
    books.put("order", order)
    books.add("payment", document, order_id=order["id"], token_id=contact.get("token_id"))
    return document


def authorize(books: Books, payment: Document) -> list[Told]:
    """The bank has said yes. Captured at once where the order wants it; a success for a paid order is given back by itself."""
    order = books.get("order", payment["order_id"])
    payment |= {"status": "authorized", "acquirer_data": _acquirer(payment), **_no_error()}
    told: list[Told] = [("payment.authorized", {"payment": dict(payment)})]
    order["_authorized"] = True
    books.put("order", order, authorized="1")
    books.put("payment", payment)
    if order["status"] == "paid" or order["amount_due"] < payment["amount"]:
        return told + give_back(books, payment)
    if order["_capture"]:
        return told + capture(books, payment, order)
    books.put("payment", payment, uncaptured="1")
    books.do_later(AUTO_REFUND_S, "expire", payment["id"])
    return told


def fail(books: Books, payment: Document, decline: Decline) -> list[Told]:
    """The attempt has failed, as far as anybody knows yet."""
    payment |= {
        "status": "failed",
        "error_code": decline.code,
        "error_description": decline.description,
        "error_source": decline.source,
        "error_step": decline.step,
        "error_reason": decline.reason,
    }
    books.put("payment", payment)
    return [("payment.failed", {"payment": dict(payment)})]


def capture(books: Books, payment: Document, order: Document) -> list[Told]:
    """Take the money of an authorised payment."""
    fee, tax = fees(payment["amount"], books.account.fee_bp)
    payment |= {"status": "captured", "captured": True, "fee": fee, "tax": tax, "_captured_at": books.now}
    order["amount_paid"] += payment["amount"]
    order["amount_due"] -= payment["amount"]
    told: list[Told] = [("payment.captured", {"payment": dict(payment)})]
    if order["amount_due"] == 0:
        order["status"] = "paid"
        told.append(("order.paid", {"payment": dict(payment), "order": dict(order)}))
    books.put("order", order)
    books.put("payment", payment, unsettled="1")
    books.move("capture", payment, payment["amount"], order["receipt"], order["notes"])
    if (rule := books.fate(payment, "dispute")) is not None:
        books.do_later(rule.seconds or 0.0, "dispute", payment["id"])
    return told


def give_back(books: Books, payment: Document) -> list[Told]:
    """Refund an authorised payment that will not be captured, as Razorpay does by itself."""
    refund: Document = {
        "id": new_id("rfnd_", 14),
        "entity": "refund",
        "amount": payment["amount"],
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": [],
        "receipt": None,
        "acquirer_data": {"arn": None},
        "created_at": books.now,
        "batch_id": None,
        "status": "processed",
        "speed_processed": "normal",
        "speed_requested": "normal",
    }
    payment |= {"status": "refunded", "amount_refunded": payment["amount"], "refund_status": "full"}
    books.put("payment", payment)
    books.add("refund", refund, payment_id=payment["id"])
    entities = {"refund": refund, "payment": dict(payment)}
    return [("refund.created", entities), ("refund.processed", entities)]


def expire(books: Books) -> None:
    """Give every authorised payment back that nobody has captured in time."""
    for payment in books.find("payment", uncaptured="1"):
        if payment["status"] == "authorized" and payment["created_at"] <= books.now - AUTO_REFUND_S:
            books.tell(*give_back(books, payment))
        if payment["status"] != "authorized":
            books.objects.unkey("payment", "uncaptured", "1", payment["id"])


def capture_asked(books: Books, payment_id: str, body: Document) -> Document:
    """POST /v1/payments/{id}/capture."""
    known(body, {"amount", "currency"})
    payment = books.get("payment", payment_id)
    amount = amount_of(body)
    currency = currency_of(body, amount)
    about = {"payment_id": payment["id"], "order_id": payment["order_id"]}
    if payment["captured"]:
        raise Refused("This payment has already been captured", metadata=about)
    if payment["status"] != "authorized":
        raise Refused("Only payments which have been authorized and not yet captured can be captured", metadata=about)
    if currency != payment["currency"]:
        raise Refused("Capture currency must be equal to the currency authorized", field="currency", metadata=about)
    if amount != payment["amount"]:
        raise Refused("Capture amount must be equal to the amount authorized", field="amount", metadata=about)
    books.tell(*capture(books, payment, books.get("order", payment["order_id"])))
    return shown(payment)


def forget(books: Books, payment_id: str) -> Document:
    """As if it had never been, which is what a payment through a key of another account looks like."""
    payment = books.get("payment", payment_id)
    books.objects.remove("payment", payment["id"])
    return payment


def listed(books: Books, query: Document) -> Document:
    """GET /v1/payments."""
    return books.page("payment", query)


def _no_error() -> dict[str, Any]:
    return dict.fromkeys(("error_code", "error_description", "error_source", "error_step", "error_reason"))


def _acquirer(payment: Document) -> dict[str, str]:
    number = f"{int(payment['id'].encode().hex(), 16) % 10**12:012d}"
    match payment["method"]:
        case "upi":
            return {"rrn": number, "upi_transaction_id": payment["id"].encode().hex().upper()[:32]}
        case "card":
            return {"auth_code": number[-6:]}
        case "netbanking" | "emandate":
            return {"bank_transaction_id": number}
        case _:
            return {"transaction_id": number}
