"""What Stripe says, as its documentation shows it; each with the members that a test changes."""

from typing import Any

AT = 1_772_442_000
"""2026-03-02 09:00 UTC."""


def intent(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 150_000,
        "amount_received": 150_000,
        "currency": "inr",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "status": "succeeded",
        "client_secret": "pi_1_secret_x",
        "metadata": {"receipt": "attempt-019a9f5e0a00"},
        "last_payment_error": None,
        "next_action": None,
        "latest_charge": charge(),
        "created": AT,
    }
    return {**usual, **changed}


def charge(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "ch_1",
        "object": "charge",
        "amount": 150_000,
        "amount_captured": 150_000,
        "amount_refunded": 0,
        "captured": True,
        "refunded": False,
        "currency": "inr",
        "status": "succeeded",
        "payment_intent": "pi_1",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "metadata": {"receipt": "attempt-019a9f5e0a00"},
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "network_transaction_id": "N1"}},
        "balance_transaction": transaction(),
    }
    return {**usual, **changed}


def transaction(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 150_000,
        "fee": 3540,
        "net": 146_460,
        "currency": "inr",
        "type": "charge",
        "reporting_category": "charge",
        "fee_details": [{"type": "stripe_fee", "amount": 3000}, {"type": "tax", "amount": 540}],
        "created": AT,
        "available_on": AT + 86_400,
        "description": None,
        "source": "ch_1",
    }
    return {**usual, **changed}


def refund(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "re_1",
        "object": "refund",
        "amount": 50_000,
        "currency": "inr",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {"receipt": "attempt-019a9f5e0a00"},
        "created": AT,
    }
    return {**usual, **changed}


def payout(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": "po_1",
        "object": "payout",
        "amount": 96_460,
        "currency": "inr",
        "status": "paid",
        "arrival_date": AT + 86_400,
        "trace_id": {"status": "supported", "value": "U1"},
        "created": AT,
    }
    return {**usual, **changed}


def error(code: str | None, message: str = "No.", kind: str = "invalid_request_error", **more: Any) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": message, **more}}


def page(*items: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(items), "has_more": has_more}


def event(name: str, about: dict[str, Any]) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": name, "created": AT + 6, "data": {"object": about}}
