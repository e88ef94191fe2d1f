"""Charges and the balance transactions that follow from them (docs.stripe.com/api/charges, …/balance_transactions)."""

from typing import Any

from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.declines import code_of, message_of

TAX_BP = 1800
AVAILABLE_AFTER_S = 2 * 86_400


def charge(books: Books, intent: Document, method: Document, decline: str | None) -> Document:
    """An attempt to charge a card: captured unless the intent says otherwise, or failed with a decline. Not told of yet."""
    is_paid = decline is None
    document: Document = {
        "id": new_id("ch_", 24),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "WAYBILL",
        "captured": False,
        "created": books.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None if decline is None else code_of(decline),
        "failure_message": None if decline is None else message_of(decline),
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": is_paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": {**method["card"], "network_transaction_id": new_id("", 15)}, "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if is_paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
        "_outcome": method["_outcome"],
    }
    books.add("charge", document, payment_intent=intent["id"], customer=intent["customer"])
    return document


def _outcome(decline: str | None) -> Document:
    is_paid = decline is None
    return {
        "advice_code": None if is_paid else "try_again_later" if decline == "insufficient_funds" else "do_not_try_again",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if is_paid else "declined_by_network",
        "reason": decline,
        "risk_level": "normal",
        "seller_message": "Payment complete." if is_paid else "The bank did not return any further details with this decline.",
        "type": "authorized" if is_paid else "issuer_declined",
    }


def capture(books: Books, document: Document, amount: int) -> None:
    """Take the money of a charge, and give the rest of it free."""
    fee, tax = fees(amount, books.account.fee_bp)
    txn = transaction(books, "charge", document, amount=amount, fee=fee, tax=tax)
    document |= {"captured": True, "amount_captured": amount, "balance_transaction": txn["id"]}
    if amount < document["amount"]:
        document["amount_refunded"] = document["amount"] - amount
    books.put("charge", document)
    books.move("capture", document, amount, document["metadata"].get("receipt"), document["metadata"])


def fees(amount: int, fee_bp: int) -> tuple[int, int]:
    """What Stripe keeps of an amount, tax included, and the tax in it; both rounded half up."""
    base = (amount * fee_bp + 5000) // 10_000
    tax = (base * TAX_BP + 5000) // 10_000
    return base + tax, tax


def transaction(
    books: Books, kind: str, source: Document, *, amount: int, fee: int = 0, tax: int = 0, category: str | None = None
) -> Document:
    """A movement of the balance. amount: minor units, what comes in positive; fee: kept of it, with the tax in it.

    category: for reports, where it is another word than the kind.
    """
    details: list[Document] = []
    if fee:
        common: dict[str, Any] = {"application": None, "currency": source["currency"]}
        details = [
            {**common, "amount": fee - tax, "description": "Stripe processing fees", "type": "stripe_fee"},
            {**common, "amount": tax, "description": "GST", "type": "tax"},
        ]
    document: Document = {
        "id": new_id("txn_", 24),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": books.now + AVAILABLE_AFTER_S,
        "balance_type": "payments",
        "created": books.now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": category or kind,
        "source": source["id"],
        "status": "pending",
        "type": kind,
        "_intent": source.get("payment_intent"),
    }
    return books.add("balance_transaction", document, source=source["id"], type=kind, unsettled="1")
