"""Charges on a mandate (razorpay.com/docs/api/payments/recurring-payments/cards/create-subsequent-payments)."""

from datetime import UTC, datetime

from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused, declined
from deploy.sandbox.razorpay.attempts import Course, course_of, outcome, run
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.checks import amount_of, currency_of, flag_of, known, notes_of, text_of
from deploy.sandbox.razorpay.customers import token_of
from deploy.sandbox.razorpay.payments import begin
from deploy.sandbox.razorpay.reasons import decline_of
from deploy.sandbox.razorpay.settlements import ZONE
from deploy.sandbox.razorpay.signature import payment_signature

MAX_UNAUTHENTICATED = 1_500_000
"""Paise up to which a card's mandate is charged without the cardholder (Reserve Bank of India, ₹15,000)."""

_FIELDS = {"email", "contact", "amount", "currency", "order_id", "customer_id", "token", "recurring", "description", "notes"}


def charge(books: Books, body: Document, key_secret: str) -> Document | Refused:
    """POST /v1/payments/create/recurring. A payment that has failed is there all the same, and is named in the error."""
    known(body, _FIELDS)
    contact = {name: text_of(body, name) for name in ("email", "contact")}
    amount = amount_of(body)
    order, token = books.get("order", text_of(body, "order_id")), token_of(books, body.get("customer_id"), body.get("token"))
    _check(books, body, order, token, amount)
    instrument: Document = {name: token[name] for name in ("method", "card") if name in token}
    more = {
        "customer_id": token["_customer"],
        "token_id": token["id"],
        "notes": notes_of(body),
        "description": body.get("description"),
    }
    payment = begin(books, order, instrument, {**contact, **more, "amount": amount})
    books.put("token", {**token, "used_at": books.now})
    course = course_of(books, payment, _course(books, payment, order, token))
    books.tell(*run(books, payment, course))
    if payment["status"] == "failed":
        about = {"payment_id": payment["id"], "order_id": order["id"]}
        return declined(decline_of(course.reason), about)
    if token["method"] == "card":
        return {"razorpay_payment_id": payment["id"]}
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": order["id"],
        "razorpay_signature": payment_signature(key_secret, order["id"], payment["id"]),
    }


def _course(books: Books, payment: Document, order: Document, token: Document) -> Course:
    """What becomes of a charge where no rule says otherwise.

    Without a notice of ours Razorpay gives its own, and debits when that is old enough. Above the bank's limit the cardholder
    must authenticate again, by a link that is valid for some days; whoever plays them answers at /razorpay/payments/{id}/bank.
    """
    wanted = outcome(token["_outcome"])
    if token["method"] == "card" and payment["currency"] == "INR" and payment["amount"] > MAX_UNAUTHENTICATED:
        return Course("created", "payment_timed_out", "failed", books.account.authentication_valid_s)
    if "notification" not in order and wanted.later is None:
        return Course("created", wanted.reason, wanted.now, books.account.own_notice_s)
    return wanted


def check_payable(books: Books, order: Document, amount: int) -> None:
    """Raises Refused where an order takes no payment of this amount now."""
    about = {"order_id": order["id"]}
    if order["status"] == "paid":
        decline = decline_of("order_already_paid")
        raise Refused(decline.description, reason=decline.reason, metadata=about)
    attempts = books.find("payment", order_id=order["id"]) if order["attempts"] else []
    if any(payment["status"] == "authorized" for payment in attempts):
        raise Refused("The order has an authorized payment already", metadata=about)
    is_part = order["_partial"] and 0 < amount <= order["amount_due"]
    if amount != order["amount_due"] and not is_part:
        raise Refused("Payment amount is not equal to the order's amount", field="amount", metadata=about)


def _check(books: Books, body: Document, order: Document, token: Document, amount: int) -> None:
    about = {"order_id": order["id"]}
    if not flag_of(body, "recurring"):
        raise Refused("The recurring field is required.", field="recurring")
    if currency_of(body, amount) != order["currency"]:
        raise Refused("Payment currency is not the order's currency", field="currency", metadata=about)
    check_payable(books, order, amount)
    if token["recurring_details"]["status"] != "confirmed":
        raise Refused("The token is not confirmed for recurring payments", field="token", metadata=about)
    if token["max_amount"] is not None and amount > token["max_amount"]:
        raise Refused("The amount exceeds the token's maximum amount", field="amount", metadata=about)
    if token["expired_at"] <= books.now:
        raise Refused("The token has expired", field="token", metadata=about)
    _check_notice(books, order, token)
    if token["method"] == "upi":
        _check_cycle(books, order, token)


def _check_notice(books: Books, order: Document, token: Document) -> None:
    about, notification = {"order_id": order["id"]}, order.get("notification")
    if notification is None:
        return
    if notification["token_id"] != token["id"]:
        raise Refused("The order's notification is for another token", field="token", metadata=about)
    if order.get("_notice") == "failed":
        raise Refused("The notification could not be delivered to the customer", metadata=about)
    if notification["payment_after"] > books.now:
        raise Refused("The payment cannot be made before the notification's payment_after", metadata=about)


def _check_cycle(books: Books, order: Document, token: Document) -> None:
    """UPI debits a mandate once in a cycle, and not while the last debit is undecided."""
    about, cycle = {"order_id": order["id"]}, _cycle(token["_frequency"], books.now)
    for payment in books.find("payment", token_id=token["id"]):
        if payment["status"] in ("created", "authorized"):
            raise Refused("The token's last debit is not completed yet", field="token", metadata=about)
        if payment["captured"] and cycle is not None and _cycle(token["_frequency"], payment["created_at"]) == cycle:
            raise Refused("The token has been debited in this cycle already", field="token", metadata=about)


def _cycle(frequency: str, at: int) -> tuple[int, ...] | None:
    """The cycle of a mandate that a moment is in, by India's calendar; None where debits are not bound to one."""
    day = datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()
    months = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}.get(frequency)
    if months is not None:
        return (day.year, (day.month - 1) // months)
    days = {"daily": 1, "weekly": 7, "fortnightly": 14}.get(frequency)
    return (day.toordinal() // days,) if days is not None else None
