"""What Razorpay says, as its documentation shows it; each with the members that a test changes."""

from typing import Any

AT = 1_772_442_000
"""2026-03-02 09:00 UTC."""


def order(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "order_1",
        "entity": "order",
        "amount": 150_000,
        "amount_paid": 0,
        "amount_due": 150_000,
        "currency": "INR",
        "receipt": "attempt-019a9f5e0a00",
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": [],
        "created_at": AT,
    }
    return {**usual, **changed}


def payment(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "pay_1",
        "entity": "payment",
        "amount": 150_000,
        "currency": "INR",
        "status": "captured",
        "order_id": "order_1",
        "invoice_id": None,
        "international": False,
        "method": "upi",
        "amount_refunded": 0,
        "refund_status": None,
        "captured": True,
        "description": None,
        "card_id": None,
        "bank": None,
        "wallet": None,
        "vpa": "ann@exampleupi",
        "email": "ann@example.com",
        "contact": "+919812345678",
        "notes": [],
        "fee": 3540,
        "tax": 540,
        "error_code": None,
        "error_description": None,
        "error_source": None,
        "error_step": None,
        "error_reason": None,
        "acquirer_data": {"rrn": "606200000001"},
        "created_at": AT,
    }
    return {**usual, **changed}


def failed(reason: str, **changed: Any) -> dict[str, Any]:
    """A payment that its bank has declined."""
    error = {"error_code": "BAD_REQUEST_ERROR", "error_description": "Declined.", "error_reason": reason}
    return payment(status="failed", captured=False, fee=None, tax=None, **error, **changed)


def refund(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "rfnd_1",
        "entity": "refund",
        "amount": 50_000,
        "currency": "INR",
        "payment_id": "pay_1",
        "notes": [],
        "receipt": "attempt-019a9f5e0a00",
        "acquirer_data": {"arn": None},
        "created_at": AT,
        "batch_id": None,
        "status": "pending",
        "speed_processed": "normal",
        "speed_requested": "normal",
    }
    return {**usual, **changed}


def error(description: str, reason: str = "input_validation_failed", source: str = "business", **metadata: str) -> dict[str, Any]:
    return {
        "error": {
            "code": "BAD_REQUEST_ERROR",
            "description": description,
            "source": source,
            "step": "payment_initiation",
            "reason": reason,
            "metadata": metadata,
        }
    }


def collection(*items: dict[str, Any]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def event(name: str, **entities: dict[str, Any]) -> dict[str, Any]:
    """A call-back's body; `__` in the name of an entity is a dot."""
    payload = {kind.replace("__", "."): {"entity": entity} for kind, entity in entities.items()}
    return {
        "entity": "event",
        "account_id": "acc_1",
        "event": name,
        "contains": list(payload),
        "payload": payload,
        "created_at": AT + 6,
    }
