"""Settlements and the reconciliation report (razorpay.com/docs/api/settlements), wrong wherever a rule of drift says so."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused, collection
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.checks import MAX_RECON_COUNT, known, number_of
from deploy.sandbox.razorpay.drift import drifted

ZONE = ZoneInfo("Asia/Kolkata")
DAY_S = 86_400


def settle(books: Books, *, older_than_days: int) -> Document:
    """Pay out what has been captured, refunded and lost and is at least so many days old. Nothing to settle is a Refused."""
    settlement_id, utr = new_id("setl_", 14), f"{books.now}{new_id('', 6).lower()}"
    items: list[Document] = []
    for kind in ("payment", "refund", "dispute"):
        for entity in books.find(kind, unsettled="1"):
            if entity["created_at"] > books.now - older_than_days * DAY_S:
                continue
            rule = books.fate(entity, "drift")
            if rule is not None and rule.drift == "unsettled":
                continue
            books.objects.unkey(kind, "unsettled", "1", entity["id"])
            item = _item(books, kind, entity) | {"settlement_id": settlement_id, "settlement_utr": utr, "settled_at": books.now}
            items += drifted(item, rule.drift if rule is not None else None)
    if not items:
        raise Refused("There is nothing to settle")
    for item in items:
        _keep(books, item)
    paid = [item for item in items if item["settled"]]
    settlement: Document = {
        "id": settlement_id,
        "entity": "settlement",
        "amount": sum(item["credit"] - item["debit"] for item in paid),
        "status": "processed",
        "fees": sum(item["fee"] for item in paid),
        "tax": sum(item["tax"] for item in paid),
        "utr": utr,
        "created_at": books.now,
    }
    books.add("settlement", settlement)
    books.tell(("settlement.processed", {"settlement": settlement}))
    return settlement


def _keep(books: Books, item: Document) -> None:
    """Items are listed on the day of the settlement that they are in, or would be if they were not on hold."""
    at, document = books.now, {**item, "id": new_id("item_", 14)}
    books.objects.add("recon_item", document, created=at, keys={"day": _day(at).isoformat()})


def _item(books: Books, kind: str, entity: Document) -> Document:
    item: Document = {
        "entity_id": entity["id"],
        "type": kind,
        "debit": 0,
        "credit": 0,
        "amount": entity["amount"],
        "currency": entity["currency"],
        "fee": 0,
        "tax": 0,
        "on_hold": False,
        "settled": True,
        "created_at": entity["created_at"],
        "settled_at": None,
        "settlement_id": None,
        "posted_at": None,
        "credit_type": "default",
        "description": entity.get("description"),
        "notes": "{}",
        "payment_id": None,
        "settlement_utr": None,
        "order_id": None,
        "order_receipt": None,
        "method": None,
        "card_network": None,
        "card_issuer": None,
        "card_type": None,
        "dispute_id": None,
    }
    payment = entity if kind == "payment" else books.get("payment", entity["payment_id"])
    item |= _paid_by(payment)
    match kind:
        case "payment":
            # Of payments the notes come as text, of refunds as an object, as theirs do.
            item |= {"credit": entity["amount"] - entity["fee"], "fee": entity["fee"], "tax": entity["tax"]}
            item["notes"] = json.dumps(entity["notes"] or {})
        case "refund":
            item |= {"debit": entity["amount"], "payment_id": payment["id"], "notes": entity["notes"] or {}}
        case _:
            item |= {"entity_id": new_id("adj_", 14), "type": "adjustment", "debit": entity["amount"], "dispute_id": entity["id"]}
            item |= {"payment_id": payment["id"], "description": "Debit for a lost dispute"}
    return item


def _paid_by(payment: Document) -> Document:
    card = payment.get("card") or {}
    return {
        "order_id": payment["order_id"],
        "order_receipt": payment["_receipt"],
        "method": payment["method"],
        "card_network": card.get("network"),
        "card_issuer": card.get("issuer"),
        "card_type": card.get("type"),
    }


def report(books: Books, query: Document) -> Document:
    """GET /v1/settlements/recon/combined: the items of a month, or of one day of it, in the order in which they came to be."""
    known(query, {"year", "month", "day", "count", "skip"})
    count = number_of(query, "count", 10, most=MAX_RECON_COUNT, least=1) or 10
    skip = number_of(query, "skip", 0) or 0
    days = list(_days(query))
    objects = books.objects
    found = (item for day in days for item in objects.find("recon_item", ("day", day.isoformat()), old_first=True))
    items = [{name: value for name, value in shown(item).items() if name != "id"} for item in islice(found, skip, skip + count)]
    return collection(items)


def _days(query: Document) -> Iterator[date]:
    year, month, day = (number_of(query, name, None) for name in ("year", "month", "day"))
    if year is None or month is None:
        raise Refused(f"The {'year' if year is None else 'month'} field is required.", field="year" if year is None else "month")
    try:
        wanted = (
            [date(year, month, day)]
            if day is not None
            else [date(year, month, one) for one in range(1, 32) if _is(year, month, one)]
        )
    except ValueError:
        raise Refused("The date is not one of the calendar", field="day") from None
    return iter(wanted)


def _is(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        # The 29th to 31st are not in every month; another month than 1 to 12 has no day at all.
        if day == 1:
            raise
        return False
    return True


def listed(books: Books, query: Document) -> Document:
    """GET /v1/settlements."""
    return books.page("settlement", query)


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()
