"""Forms of Stripe's calls (docs.stripe.com/api), and the keys that make their repetition the same call."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, OrderRequest, RefundRequest

EXPAND: Final = "latest_charge.balance_transaction"
"""What of a PaymentIntent is shown whole: its charge, for what was refunded, and that one's fees."""


def order_form(request: OrderRequest, *, capture: bool) -> dict[str, str]:
    """POST /v1/payment_intents, for a page to confirm. capture: the account's way, where the request names none."""
    captures = request.capture if request.capture is not None else capture
    form = {
        **_money(request.amount_minor, request.currency),
        **_metadata(request.notes, request.receipt),
        "automatic_payment_methods[enabled]": "true",
        "capture_method": "automatic" if captures else "manual",
    }
    if request.customer_id is not None:
        form["customer"] = request.customer_id
    if request.mandate is not None:
        form["setup_future_usage"] = "off_session"
    return form


def charge_form(request: ChargeRequest, *, capture: bool) -> dict[str, str]:
    """POST /v1/payment_intents, without the customer."""
    return {
        **_money(request.amount_minor, request.currency),
        **_metadata(request.notes, request.receipt),
        "customer": request.customer_id,
        "payment_method": request.token_id,
        "off_session": "true",
        "confirm": "true",
        "capture_method": "automatic" if capture else "manual",
        "expand[]": EXPAND,
    }


def refund_form(request: RefundRequest) -> dict[str, str]:
    """POST /v1/refunds."""
    return {
        "payment_intent": request.payment_id,
        "amount": str(request.amount_minor),
        **_metadata(request.notes, request.receipt),
    }


def customer_form(request: CustomerRequest) -> dict[str, str]:
    """POST /v1/customers."""
    named = {"name": request.name, "email": request.email, "phone": request.phone}
    return {**{name: value for name, value in named.items() if value}, "metadata[reference]": request.reference}


def key_of(operation: str, receipt: str) -> str:
    """The idempotency key of an attempt's call."""
    return f"{operation}-{receipt}"


def key_of_form(operation: str, form: Mapping[str, str]) -> str:
    """The key of a call without a receipt: the same form is the same call."""
    digest = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()
    return f"{operation}-{digest[:40]}"


def _money(amount_minor: int, currency: str) -> dict[str, str]:
    return {"amount": str(amount_minor), "currency": currency.lower()}


def _metadata(notes: Mapping[str, str], receipt: str) -> dict[str, str]:
    return {**{f"metadata[{name}]": text for name, text in notes.items()}, "metadata[receipt]": receipt}
