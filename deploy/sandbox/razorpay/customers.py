"""Customers (razorpay.com/docs/api/customers) and their tokens: who pays, and the mandates to charge them."""

from dataclasses import dataclass
from typing import Any

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused, collection
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.checks import flag_of, known, notes_of, text_of

TOKEN_STATUSES = ("initiated", "confirmed", "rejected", "cancelled", "paused")
VALID_S = 10 * 365 * 86_400
_FIELDS = {"name", "email", "contact", "gstin", "notes", "fail_existing"}


def create(books: Books, body: Document) -> Document:
    """POST /v1/customers. One with the same e-mail and contact is an error, or found, as `fail_existing` says."""
    known(body, _FIELDS)
    email, contact = text_of(body, "email", required=False), text_of(body, "contact", required=False)
    same = next(iter(books.find("customer", who=f"{email} {contact}")), None)
    if same is not None:
        if flag_of({"fail_existing": 1, **body}, "fail_existing"):
            raise Refused("Customer already exists for the merchant")
        return shown(same)
    customer: Document = {
        "id": new_id("cust_", 14),
        "entity": "customer",
        "name": text_of(body, "name", required=False),
        "email": email,
        "contact": contact,
        "gstin": text_of(body, "gstin", required=False),
        "notes": notes_of(body),
        "created_at": books.now,
    }
    return shown(books.add("customer", customer, who=f"{email} {contact}"))


def edit(books: Books, customer_id: str, body: Document) -> Document:
    """PUT /v1/customers/{id}."""
    known(body, _FIELDS)
    customer = books.get("customer", customer_id)
    customer |= {name: text_of(body, name, required=False) for name in ("name", "email", "contact", "gstin") if name in body}
    if "notes" in body:
        customer["notes"] = notes_of(body)
    books.put("customer", customer, who=f"{customer['email']} {customer['contact']}")
    return shown(customer)


def listed(books: Books, query: Document) -> Document:
    """GET /v1/customers."""
    return books.page("customer", query)


@dataclass(frozen=True, slots=True)
class Mandate:
    """How a mandate stands. max_amount: of one charge. outcome: what becomes of charges, `captured` or a reason to decline."""

    status: str
    max_amount: int | None
    frequency: str
    outcome: str


def give(books: Books, customer_id: str, instrument: Document, mandate: Mandate) -> Document:
    """A customer gives a mandate, and is told of where it has been decided on."""
    token: Document = {
        "id": new_id("token_", 14),
        "entity": "token",
        "token": new_id("", 14),
        "bank": instrument.get("bank"),
        "wallet": None,
        "method": instrument["method"],
        **{name: instrument[name] for name in ("card", "vpa") if name in instrument},
        "recurring": mandate.status == "confirmed",
        "recurring_details": {"status": mandate.status, "failure_reason": None},
        "auth_type": None,
        "mrn": None,
        "max_amount": mandate.max_amount,
        "used_at": books.now,
        "created_at": books.now,
        "expired_at": books.now + VALID_S,
        "dcc_enabled": False,
        "_customer": customer_id,
        "_frequency": mandate.frequency,
        "_outcome": mandate.outcome,
    }
    books.add("token", token, customer_id=customer_id)
    if mandate.status != "initiated":
        books.tell((f"token.{mandate.status}", {"token": token}))
    return shown(token)


def tokens(books: Books, customer_id: str) -> Document:
    """GET /v1/customers/{id}/tokens."""
    customer = books.get("customer", customer_id)
    return collection([shown(token) for token in books.find("token", customer_id=customer["id"])])


def token_of(books: Books, customer_id: Any, token_id: Any) -> Document:
    """A customer's token."""
    customer = books.get("customer", customer_id)
    token = books.get("token", token_id)
    if token["_customer"] != customer["id"]:
        raise Refused("The id provided does not exist")
    return token


def delete_token(books: Books, customer_id: str, token_id: str) -> Document:
    """DELETE /v1/customers/{id}/tokens/{token_id}."""
    token = token_of(books, customer_id, token_id)
    books.objects.remove("token", token["id"])
    return {"deleted": True}


def move_token(books: Books, token_id: str, status: str, failure_reason: str | None, outcome: str | None) -> Document:
    """The customer or the bank has changed a mandate."""
    token = books.get("token", token_id)
    token["recurring_details"] = {"status": status, "failure_reason": failure_reason}
    token["recurring"] = status == "confirmed"
    token["_outcome"] = outcome or token["_outcome"]
    books.put("token", token)
    if status != "initiated":
        books.tell((f"token.{status}", {"token": token}))
    return shown(token)
