"""Customers and their payment methods (docs.stripe.com/api/customers, …/payment_methods)."""

from typing import Any

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused, missing
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.declines import SUCCEEDS, TEST_METHODS
from deploy.sandbox.stripe.forms import known, metadata_of, text_of

_FIELDS = {
    "name",
    "email",
    "phone",
    "description",
    "metadata",
    "payment_method",
    "address",
    "invoice_settings",
    "preferred_locales",
}
_CARDS = {
    "pm_card_mastercard": ("mastercard", "4444", "US"),
    "pm_card_amex": ("amex", "8431", "US"),
    "pm_card_in": ("visa", "0008", "IN"),
}


def create(books: Books, fields: Document) -> Document:
    """POST /v1/customers."""
    known(fields, _FIELDS)
    method = text_of(fields, "payment_method")
    customer: Document = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": fields.get("address"),
        "balance": 0,
        "created": books.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": text_of(fields, "description"),
        "email": text_of(fields, "email"),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata_of(fields),
        "name": text_of(fields, "name"),
        "phone": text_of(fields, "phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
    }
    found = method_of(books, method) if method is not None else None
    books.add("customer", customer, email=customer["email"])
    if found is not None:
        _attach(books, found, customer["id"])
    books.announce(("customer.created", customer))
    return shown(customer)


def edit(books: Books, customer_id: str, fields: Document) -> Document:
    """POST /v1/customers/{id}."""
    known(fields, _FIELDS)
    customer = books.get("customer", customer_id)
    changes: Document = {name: text_of(fields, name) for name in ("name", "email", "phone", "description") if name in fields}
    metadata = {**customer["metadata"], **metadata_of(fields)}
    customer |= {**changes, "metadata": metadata}
    books.put("customer", customer)
    books.announce(("customer.updated", customer))
    return shown(customer)


def method_of(books: Books, method_id: Any, param: str = "payment_method") -> Document:
    """A payment method; one of Stripe's for tests is a new one each time, as with them. Not kept yet where it is new."""
    outcome = TEST_METHODS.get(method_id) if isinstance(method_id, str) else None
    if outcome is None:
        return books.get("payment_method", method_id, param, status=400)
    return new_method(books, outcome, *_CARDS.get(method_id, ("visa", "4242", "US")))


def new_method(books: Books, outcome: str = SUCCEEDS, brand: str = "visa", last4: str = "4242", country: str = "US") -> Document:
    """A card. outcome: how charges on it go. country: where it was issued."""
    card: Document = {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": country,
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": new_id("", 16),
        "funding": "credit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": [brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": new_id("pm_", 24),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": address, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": card,
        "created": books.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_outcome": outcome,
    }


def _attach(books: Books, method: Document, customer_id: str) -> None:
    method["customer"] = customer_id
    if books.objects.get("payment_method", method["id"]) is None:
        books.add("payment_method", method, customer=customer_id)
    else:
        books.put("payment_method", method, customer=customer_id)


def attach(books: Books, method_id: str, fields: Document) -> Document:
    """POST /v1/payment_methods/{id}/attach. Every card is taken, so that a saved one can be declined in every way."""
    known(fields, {"customer"})
    customer = books.get("customer", text_of(fields, "customer", required=True), "customer", status=400)
    method = method_of(books, method_id)
    if method["customer"] not in (None, customer["id"]):
        raise Refused("The payment method you provided has already been attached to a customer.", begun=True)
    _attach(books, method, customer["id"])
    books.announce(("payment_method.attached", method))
    return shown(method)


def detach(books: Books, method_id: str, fields: Document) -> Document:
    """POST /v1/payment_methods/{id}/detach."""
    known(fields, set())
    method = books.get("payment_method", method_id)
    if method["customer"] is None:
        raise Refused("The payment method you provided is not attached to a customer.", begun=True)
    books.put("payment_method", method)
    books.objects.unkey("payment_method", "customer", method["customer"], method["id"])
    method["customer"] = None
    books.put("payment_method", method)
    books.announce(("payment_method.detached", method))
    return shown(method)


def method_of_customer(books: Books, customer_id: str, method_id: str) -> Document:
    """GET /v1/customers/{id}/payment_methods/{payment_method}."""
    customer, method = books.get("customer", customer_id, "customer"), books.get("payment_method", method_id, "payment_method")
    if method["customer"] != customer["id"]:
        raise missing("payment_method", method_id, "payment_method")
    return shown(method)
