"""Bodies of Razorpay's calls (razorpay.com/docs/api)."""

import re
from typing import Any, Final

from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, OrderRequest, RefundRequest

_NO_NAME: Final = re.compile(r"[^\w .'/@()-]|[\d_]")
_NAME_CHARS: Final = (3, 50)


def order_body(request: OrderRequest, *, capture: bool) -> dict[str, Any]:
    """POST /v1/orders. capture: the account's way, where the request names none."""
    body: dict[str, Any] = {
        "amount": request.amount_minor,
        "currency": request.currency,
        "receipt": request.receipt,
        "payment_capture": request.capture if request.capture is not None else capture,
        "notes": dict(request.notes),
    }
    if request.partial_payment:
        body["partial_payment"] = True
    if request.customer_id is not None:
        body["customer_id"] = request.customer_id
    if (mandate := request.mandate) is not None:
        body["method"] = mandate.method
        body["token"] = {
            "max_amount": mandate.max_minor,
            "expire_at": int(mandate.expires_at.timestamp()),
            "frequency": mandate.frequency.value,
        }
    if (notice := request.notice) is not None:
        body["notification"] = {"token_id": notice.token_id, "payment_after": int(notice.charge_after.timestamp())}
    return body


def charge_body(request: ChargeRequest) -> dict[str, Any]:
    """POST /v1/payments/create/recurring. It has no receipt: its order's is the one."""
    return {
        "email": request.email,
        "contact": request.phone,
        "amount": request.amount_minor,
        "currency": request.currency,
        "order_id": request.order_id,
        "customer_id": request.customer_id,
        "token": request.token_id,
        "recurring": True,
        "notes": dict(request.notes),
    }


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """POST /v1/payments/{id}/refund, at the usual speed: an instant refund costs a fee of its own."""
    return {
        "amount": request.amount_minor,
        "speed": "normal",
        "receipt": request.receipt,
        "notes": dict(request.notes),
    }


def customer_body(request: CustomerRequest) -> dict[str, Any]:
    """POST /v1/customers. One with the same address and number is found, and not refused."""
    named = {"name": _name(request.name), "email": request.email, "contact": request.phone}
    known = {name: value for name, value in named.items() if value}
    return {**known, "fail_existing": "0", "notes": {"reference": request.reference}}


def _name(name: str | None) -> str | None:
    """A name as Razorpay takes it: 3 to 50 letters and some signs; None where too little is left of it."""
    least, most = _NAME_CHARS
    kept = " ".join(_NO_NAME.sub(" ", name or "").split())[:most].strip()
    return kept if len(kept) >= least else None
