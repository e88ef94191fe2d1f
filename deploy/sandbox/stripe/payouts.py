"""Payouts (docs.stripe.com/api/payouts) and what is in them, wrong wherever a rule of drift says so."""

from collections import defaultdict
from typing import Final

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.charges import transaction

DAY_S: Final = 86_400
WRONG_BY: Final = 100
"""Minor units by which a wrong amount or fee is wrong."""


def pay_out(books: Books, *, older_than_days: int) -> list[Document]:
    """Pay the balance out, as far as it is at least so many days old: a payout for each currency."""
    due: dict[str, list[Document]] = defaultdict(list)
    lacks_trace: set[str] = set()
    for txn in books.find("balance_transaction", unsettled="1"):
        if txn["created"] > books.now - older_than_days * DAY_S:
            continue
        rule = books.fate({**txn, "payment_intent": txn["_intent"]}, "drift")
        drift = rule.drift if rule is not None else None
        if drift == "unsettled":
            continue
        books.objects.unkey("balance_transaction", "unsettled", "1", txn["id"])
        if drift == "utr_missing":
            lacks_trace.add(txn["currency"])
        due[txn["currency"]] += _drifted(books, txn, drift)
    if not due:
        raise Refused("There is nothing to pay out.")
    return [_payout(books, currency, txns, traced=currency not in lacks_trace) for currency, txns in due.items()]


def _payout(books: Books, currency: str, txns: list[Document], *, traced: bool) -> Document:
    payout: Document = {
        "id": new_id("po_", 24),
        "object": "payout",
        "amount": sum(txn["net"] for txn in txns),
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": books.now,
        "automatic": True,
        "balance_transaction": None,
        "created": books.now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_WaybillSandbox00000000001",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": {"status": "supported", "value": new_id("", 16).upper()} if traced else {"status": "pending", "value": None},
        "type": "bank_account",
    }
    own = transaction(books, "payout", payout, amount=-payout["amount"])
    books.objects.unkey("balance_transaction", "unsettled", "1", own["id"])
    payout["balance_transaction"] = own["id"]
    for txn in (own, *txns):
        books.put("balance_transaction", {**txn, "status": "available"}, payout=payout["id"])
    books.add("payout", payout)
    books.announce(("payout.created", payout), ("payout.paid", payout), ("payout.reconciliation_completed", payout))
    return shown(payout)


def _drifted(books: Books, txn: Document, drift: str | None) -> list[Document]:
    """What the payout has in the place of a transaction."""
    if drift == "missing":
        books.objects.remove("balance_transaction", txn["id"])
        return []
    beside = _beside(txn, drift)
    return [txn | _changes(txn, drift), *([_second(books, txn | beside)] if beside is not None else [])]


def _changes(txn: Document, drift: str | None) -> Document:
    """What is wrong with the transaction itself."""
    match drift:
        case "amount":
            return {"amount": txn["amount"] + WRONG_BY, "net": txn["net"] + WRONG_BY}
        case "fee":
            return {"fee": txn["fee"] + WRONG_BY, "net": txn["net"] - WRONG_BY}
        case "currency":
            return {"currency": "usd"}
        case _:
            return {}


def _beside(txn: Document, drift: str | None) -> Document | None:
    """In what a second transaction differs, which stands beside the right one."""
    match drift:
        case "repeated":
            return {}
        case "unknown_payment":
            return {"source": new_id("ch_", 24)}
        case "orphan_refund":
            money = {"amount": -txn["amount"], "fee": 0, "fee_details": [], "net": -txn["amount"]}
            return {**money, "source": new_id("re_", 24), "type": "refund", "reporting_category": "refund"}
        case "adjustment":
            money = {"amount": WRONG_BY, "fee": 0, "fee_details": [], "net": WRONG_BY}
            said = {"source": None, "type": "adjustment", "reporting_category": "other_adjustment", "description": "Adjustment"}
            return {**money, **said}
        case _:
            return None


def _second(books: Books, txn: Document) -> Document:
    document = {**txn, "id": new_id("txn_", 24)}
    return books.add("balance_transaction", document, source=document["source"], type=document["type"])
