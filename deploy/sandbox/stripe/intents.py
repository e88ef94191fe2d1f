"""Payment intents (docs.stripe.com/api/payment_intents): created, confirmed with or without the customer, captured, cancelled."""

import re
from typing import Any, Final

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused, unexpected_state
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.confirming import confirm
from deploy.sandbox.stripe.customers import method_of
from deploy.sandbox.stripe.forms import choice_of, flag_of, integer_of, known, metadata_of, text_of

MIN_MINOR, MAX_MINOR = 50, 99_999_999
_THREE_DECIMALS: Final = {"bhd", "jod", "kwd", "omr", "tnd"}
_CONFIRMING: Final = {
    "payment_method",
    "off_session",
    "return_url",
    "error_on_requires_action",
    "mandate_data",
    "confirmation_token",
}
_FIELDS: Final = {
    *_CONFIRMING,
    "amount",
    "currency",
    "customer",
    "confirm",
    "payment_method_types",
    "automatic_payment_methods",
    "capture_method",
    "confirmation_method",
    "metadata",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "payment_method_options",
    "shipping",
}
_REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
_OPEN: Final = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


def create(books: Books, fields: Document) -> Document | Refused:
    """POST /v1/payment_intents."""
    known(fields, _FIELDS)
    amount, currency = _money(fields)
    is_confirmed, off_session = flag_of(fields, "confirm"), _off_session(fields)
    if off_session and not is_confirmed:
        raise Refused("You cannot set `off_session` unless `confirm` is true.", param="off_session")
    customer_id = text_of(fields, "customer")
    if customer_id is not None:
        books.get("customer", customer_id, "customer", status=400)
    method = _method(books, fields, customer_id)
    if is_confirmed and method is None:
        raise Refused("You must provide a payment method when confirming a PaymentIntent.", param="payment_method")
    intent = _intent(books, fields, amount=amount, currency=currency, customer_id=customer_id)
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
        _keep(books, method)
    metadata = {f"metadata[{name}]": value for name, value in intent["metadata"].items()}
    books.add("payment_intent", intent, customer=customer_id, **metadata)
    books.announce(("payment_intent.created", intent))
    if is_confirmed and method is not None:
        return confirm(books, intent, method, off_session=off_session)
    return shown(intent)


def _money(fields: Document) -> tuple[int, str]:
    amount, currency = (
        integer_of(fields, "amount", required=True) or 0,
        (text_of(fields, "currency", required=True) or "").lower(),
    )
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise Refused(f"Invalid currency: {currency}", param="currency")
    if amount < 1:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if amount < MIN_MINOR:
        raise Refused("The amount must be at least the minimum charge amount.", code="amount_too_small", param="amount")
    if amount > MAX_MINOR:
        raise Refused(f"Amount must be no more than {MAX_MINOR}", code="amount_too_large", param="amount")
    if currency in _THREE_DECIMALS and amount % 10:
        raise Refused(f"Amounts in {currency} must end in 0.", code="parameter_invalid_integer", param="amount")
    return amount, currency


def _off_session(fields: Document) -> bool:
    return fields.get("off_session") in ("one_off", "recurring") or flag_of(fields, "off_session")


def _method(books: Books, fields: Document, customer_id: str | None) -> Document | None:
    method_id = text_of(fields, "payment_method")
    if method_id is None:
        return None
    method = method_of(books, method_id)
    if method["customer"] not in (None, customer_id):
        raise Refused(
            "The provided PaymentMethod belongs to another Customer: say which, or use another.", param="payment_method"
        )
    return method


def _keep(books: Books, method: Document) -> None:
    if books.objects.get("payment_method", method["id"]) is None:
        books.add("payment_method", method)


def _intent(books: Books, fields: Document, *, amount: int, currency: str, customer_id: str | None) -> Document:
    intent_id = new_id("pi_", 24)
    empty: dict[str, Any] = dict.fromkeys(
        (
            "application",
            "application_fee_amount",
            "canceled_at",
            "cancellation_reason",
            "last_payment_error",
            "latest_charge",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "payment_method_configuration_details",
            "processing",
            "review",
            "shipping",
            "source",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_data",
            "transfer_group",
        )
    )
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        **empty,
        "automatic_payment_methods": {"enabled": True} if "automatic_payment_methods" in fields else None,
        "capture_method": choice_of(fields, "capture_method", ("automatic", "automatic_async", "manual")) or "automatic_async",
        "client_secret": new_id(f"{intent_id}_secret_", 25),
        "confirmation_method": choice_of(fields, "confirmation_method", ("automatic", "manual")) or "automatic",
        "created": books.now,
        "currency": currency,
        "customer": customer_id,
        "description": text_of(fields, "description"),
        "livemode": False,
        "metadata": metadata_of(fields),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "receipt_email": text_of(fields, "receipt_email"),
        "setup_future_usage": choice_of(fields, "setup_future_usage", ("off_session", "on_session")),
        "status": "requires_payment_method",
    }


def confirm_asked(books: Books, intent_id: str, fields: Document) -> Document | Refused:
    """POST /v1/payment_intents/{id}/confirm."""
    known(fields, _CONFIRMING)
    intent = books.get("payment_intent", intent_id, "intent")
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise unexpected_state(f"You cannot confirm this PaymentIntent because its status is {intent['status']}.", shown(intent))
    method = _method(books, {"payment_method": intent["payment_method"], **fields}, intent["customer"])
    if method is None:
        raise unexpected_state("You cannot confirm this PaymentIntent because it's missing a payment method.", shown(intent))
    _keep(books, method)
    intent["payment_method"] = method["id"]
    return confirm(books, intent, method, off_session=_off_session(fields))


def cancel(books: Books, intent_id: str, fields: Document) -> Document:
    """POST /v1/payment_intents/{id}/cancel. What was authorised is free again."""
    known(fields, {"cancellation_reason"})
    reason = choice_of(fields, "cancellation_reason", _REASONS)
    intent = books.get("payment_intent", intent_id, "intent")
    if intent["status"] not in _OPEN:
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.", shown(intent)
        )
    if intent["status"] == "requires_capture":
        charge = books.get("charge", intent["latest_charge"])
        charge |= {"refunded": True, "amount_refunded": charge["amount"]}
        books.put("charge", charge)
    intent |= {"status": "canceled", "canceled_at": books.now, "cancellation_reason": reason, "amount_capturable": 0}
    books.put("payment_intent", intent)
    books.announce(("payment_intent.canceled", intent))
    return shown(intent)


_QUERY: Final = re.compile(r"metadata\[['\"]([^'\"]+)['\"]\]:['\"]([^'\"]*)['\"]")


def search(books: Books, query: Document) -> Document:
    """GET /v1/payment_intents/search, by one value of the metadata. Theirs lags behind by up to a minute; this one does not."""
    known(query, {"query", "limit", "page"})
    asked = text_of(query, "query", required=True) or ""
    found = _QUERY.fullmatch(asked.strip())
    if found is None:
        raise Refused("The stand-in knows queries of the form metadata['name']:'value' alone.", param="query")
    items = [shown(one) for one in books.find("payment_intent", **{f"metadata[{found[1]}]": found[2]})]
    return {"object": "search_result", "url": "/v1/payment_intents/search", "has_more": False, "next_page": None, "data": items}
