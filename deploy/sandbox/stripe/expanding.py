"""`expand[]` (docs.stripe.com/expand): objects in the place of their ids."""

from typing import Any, Final

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books

MAX_DEPTH: Final = 4
_KINDS: Final = {
    "ch": "charge",
    "txn": "balance_transaction",
    "cus": "customer",
    "pm": "payment_method",
    "pi": "payment_intent",
    "re": "refund",
    "po": "payout",
    "du": "dispute",
}


def expanded(books: Books, document: Document, wanted: Any) -> Document:
    """The document with the wanted objects in it. The stored ones stay as they are."""
    if not isinstance(wanted, list) or any(path.count(".") >= MAX_DEPTH for path in wanted):
        raise Refused(f"expand[] takes up to {MAX_DEPTH} levels", param="expand")
    for path in wanted:
        document = _expand(books, document, path.split("."), path)
    return document


def _expand(books: Books, document: Document, names: list[str], path: str) -> Document:
    name, *rest = names
    if name not in document:
        raise Refused(f"This property cannot be expanded ({path}).", param="expand")
    value = document[name]
    if isinstance(value, list):
        return {**document, name: [_expand(books, item, rest, path) if rest else item for item in value]}
    if isinstance(value, str):
        kind = _KINDS.get(value.partition("_")[0])
        if kind is None:
            raise Refused(f"This property cannot be expanded ({path}).", param="expand")
        found = books.objects.get(kind, value)
        # What a report is wrong about stays the id that it is.
        value = shown(found) if found is not None else value
    return {**document, name: _expand(books, value, rest, path) if rest and isinstance(value, dict) else value}
