"""Stripe's balance transactions as lines of a settlement, which is a payout (docs.stripe.com/api/balance_transactions)."""

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.documents import Document
from services.payments.gateways.facts import SettlementItem
from services.payments.gateways.stripe_facts import STRIPE, id_of

EXPAND: Final = "data.source"
_KINDS: Final[Mapping[str, str]] = {
    "charge": "payment",
    "refund": "refund",
    "dispute": "dispute",
    "fee": "fee",
    "transfer": "transfer",
    "other_adjustment": "adjustment",
}
"""By `reporting_category`. What is new comes under Stripe's own word, and so does what takes back another line of the same thing:
`refund_failure`, `charge_failure`, `dispute_reversal`."""


def payout_itself(transaction: Document) -> bool:
    """Whether a transaction is the payout, which is no line of its own settlement."""
    return transaction.text_or_none("type") in ("payout", "payout_failure", "payout_cancel")


def settlement_item(transaction: Document, payout: Document) -> SettlementItem:
    """One line. Its source is shown whole, or by its id where Stripe has no such object any more."""
    source, net = transaction.child("source"), transaction.minor("net")
    kind = _kind(transaction)
    source_id = id_of(transaction, "source") or transaction.text("id")
    is_payment = kind in ("payment", "charge_failure")
    payment_id = id_of(source, "payment_intent") or (source_id if is_payment else None)
    fee = transaction.minor("fee")
    taxes = [one.minor("amount") for one in transaction.items_or_none("fee_details") if one.text_or_none("type") == "tax"]
    return SettlementItem(
        gateway=STRIPE,
        entity_id=(payment_id if is_payment else None) or source_id,
        kind=kind,
        amount_minor=abs(transaction.minor("amount")),
        currency=transaction.currency(),
        credit_minor=max(0, net),
        debit_minor=max(0, -net),
        fee_minor=fee,
        tax_minor=sum(taxes),
        on_hold=False,
        settled=payout.text("status") == "paid",
        created_at=transaction.moment("created"),
        settled_at=payout.moment_or_none("arrival_date"),
        posted_at=transaction.moment_or_none("available_on"),
        settlement_id=payout.text("id"),
        utr=payout.child("trace_id").text_or_none("value"),
        payment_id=payment_id,
        order_id=payment_id,
        order_receipt=source.child("metadata").text_or_none("receipt"),
        dispute_id=source_id if kind in ("dispute", "dispute_reversal") else None,
        method=source.child("payment_method_details").text_or_none("type"),
        description=transaction.text_or_none("description"),
        notes=source.notes("metadata"),
    )


def _kind(transaction: Document) -> str:
    category = transaction.text_or_none("reporting_category") or transaction.text("type")
    return _KINDS.get(category, category)
