"""What is wrong with a settlement report, one class of reconciliation each. The payments themselves stay as they are."""

from typing import Final

from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.gateways.rules import Drift
from deploy.sandbox.objects import Document

WRONG_BY: Final = 100
"""Minor units by which a wrong amount or fee is wrong."""

_OF_NOTHING: Final = dict.fromkeys(
    ("payment_id", "order_id", "order_receipt", "method", "card_network", "card_issuer", "card_type")
)


def drifted(item: Document, drift: Drift | None) -> list[Document]:
    """The items that stand in the report in the place of this one."""
    if drift == "missing":
        return []
    beside = _beside(item, drift)
    return [item | _changes(item, drift), *([item | beside] if beside is not None else [])]


def _changes(item: Document, drift: Drift | None) -> Document:
    """What is wrong with the item itself."""
    match drift:
        case "amount":
            return {"amount": item["amount"] + WRONG_BY, **_moved(item, WRONG_BY)}
        case "currency":
            return {"currency": "USD"}
        case "fee":
            return {"fee": item["fee"] + WRONG_BY, **_moved(item, -WRONG_BY)}
        case "on_hold":
            return {"on_hold": True, "settled": False, "settled_at": None, "settlement_id": None, "settlement_utr": None}
        case "utr_missing":
            return {"settlement_utr": None}
        case _:
            return {}


def _beside(item: Document, drift: Drift | None) -> Document | None:
    """In what a second item differs, which stands beside the right one."""
    match drift:
        case "unknown_payment":
            return {"entity_id": new_id("pay_", 14), "order_id": new_id("order_", 14), "order_receipt": None}
        case "duplicate_capture":
            return {"entity_id": new_id("pay_", 14)}
        case "repeated":
            return {}
        case "orphan_refund":
            money = {"debit": item["amount"], "credit": 0, "fee": 0, "tax": 0}
            return {**_OF_NOTHING, **money, "entity_id": new_id("rfnd_", 14), "type": "refund", "payment_id": new_id("pay_", 14)}
        case "adjustment":
            # A correction by Razorpay itself, which is about no payment.
            money = {"debit": 0, "credit": WRONG_BY, "amount": WRONG_BY, "fee": 0, "tax": 0}
            said = {"entity_id": new_id("adj_", 14), "type": "adjustment", "description": "Adjustment", "notes": "{}"}
            return {**_OF_NOTHING, **money, **said}
        case _:
            return None


def _moved(item: Document, by: int) -> Document:
    side = "credit" if item["credit"] else "debit"
    return {side: item[side] + by}
