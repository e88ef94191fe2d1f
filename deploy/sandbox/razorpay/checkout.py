"""Razorpay's checkout, as whoever plays the customer uses it: pays an order, or authorises a mandate by paying one."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused, declined
from deploy.sandbox.razorpay.attempts import course_of, outcome, run
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.customers import Mandate, give
from deploy.sandbox.razorpay.payments import begin
from deploy.sandbox.razorpay.reasons import decline_of
from deploy.sandbox.razorpay.recurring import check_payable
from deploy.sandbox.razorpay.signature import payment_signature

Method = Literal["upi", "card", "netbanking", "wallet", "emandate"]
_VPAS = {"success@razorpay": "captured", "failure@razorpay": "payment_failed"}


class Checkout(BaseModel):
    """An attempt to pay an order.

    outcome: `captured` (it goes well: captured, or authorised, as the order wants it), `pending` (nothing for `seconds`, then
    well), `pending_failed`, `late` (failed, and authorised after `seconds`), or a reason for which it is declined.
    amount: a part of an order that takes partial payments.
    mandate_outcome: of an order with a mandate, what becomes of charges on the token; mandate_status: how it stands then.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"order_id": "order_…", "method": "upi"}]})

    order_id: str
    method: Method = "upi"
    outcome: str = Field("captured", pattern=r"^[a-z0-9_]{1,80}$")
    seconds: float | None = Field(None, ge=0, le=3600)
    amount: int | None = Field(None, ge=1)
    email: str = "ann@example.com"
    contact: str = "+919812345678"
    vpa: str = "ann@exampleupi"
    customer_id: str | None = None
    mandate_outcome: str = Field("captured", pattern=r"^[a-z0-9_]{1,80}$")
    mandate_status: Literal["initiated", "confirmed", "rejected"] = "confirmed"


def pay(books: Books, asked: Checkout, key_secret: str) -> Document | Refused:
    """What checkout's handler is given: the signed ids, or the error of a payment that has failed."""
    order = books.get("order", asked.order_id)
    amount = asked.amount or order["amount_due"]
    check_payable(books, order, amount)
    wanted = _VPAS.get(asked.vpa, asked.outcome) if asked.method == "upi" else asked.outcome
    instrument = instrument_of(asked.method, asked.vpa)
    more = _who(books, asked, order, instrument)
    payment = begin(books, order, instrument, {**more, "email": asked.email, "contact": asked.contact, "amount": amount})
    course = course_of(books, payment, outcome(wanted, asked.seconds))
    books.tell(*run(books, payment, course))
    if payment["status"] == "failed":
        about = {"payment_id": payment["id"], "order_id": order["id"]}
        return declined(decline_of(course.reason), about, status=400)
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": order["id"],
        "razorpay_signature": payment_signature(key_secret, order["id"], payment["id"]),
    }


def _who(books: Books, asked: Checkout, order: Document, instrument: Document) -> dict[str, Any]:
    customer_id = asked.customer_id or order.get("customer_id")
    if customer_id is None or "token" not in order:
        return {"customer_id": customer_id}
    customer = books.get("customer", customer_id)
    wanted = order["token"]
    frequency = wanted.get("frequency", "as_presented")
    mandate = Mandate(asked.mandate_status, wanted["max_amount"], frequency, asked.mandate_outcome)
    token = give(books, customer["id"], instrument, mandate)
    return {"customer_id": customer["id"], "token_id": token["id"]}


def instrument_of(method: str, vpa: str) -> Document:
    """What a payment says of the means by which it was paid."""
    match method:
        case "upi":
            return {"method": "upi", "vpa": vpa, "upi": {"vpa": vpa}}
        case "card":
            card_id = new_id("card_", 14)
            card = {
                "id": card_id,
                "entity": "card",
                "name": "",
                "last4": "1111",
                "network": "Visa",
                "type": "credit",
                "issuer": "HDFC",
                "international": False,
                "emi": False,
                "sub_type": "consumer",
                "token_iin": None,
            }
            return {"method": "card", "card_id": card_id, "card": card}
        case "wallet":
            return {"method": "wallet", "wallet": "olamoney"}
        case _:
            return {"method": method, "bank": "HDFC"}
