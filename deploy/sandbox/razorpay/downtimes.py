"""Downtimes of banks and networks (razorpay.com/docs/api/payments/downtime)."""

from typing import Any

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import collection
from deploy.sandbox.razorpay.books import Books

KIND = "payment.downtime"


def start(books: Books, method: str, instrument: dict[str, Any], severity: str) -> Document:
    """A method of payment has begun to fail."""
    downtime: Document = {
        "id": new_id("down_", 14),
        "entity": KIND,
        "method": method,
        "begin": books.now,
        "end": None,
        "status": "started",
        "scheduled": False,
        "severity": severity,
        "instrument": instrument,
        "created_at": books.now,
        "updated_at": books.now,
    }
    books.add(KIND, downtime)
    books.tell(("payment.downtime.started", {KIND: downtime}))
    return shown(downtime)


def move(books: Books, downtime_id: str, status: str, severity: str | None) -> Document:
    """It has become worse or better, or is over."""
    downtime = books.get(KIND, downtime_id)
    downtime |= {"status": status, "severity": severity or downtime["severity"], "updated_at": books.now}
    if status == "resolved":
        downtime["end"] = books.now
    books.put(KIND, downtime)
    books.tell((f"payment.downtime.{status}", {KIND: downtime}))
    return shown(downtime)


def listed(books: Books, _: Document) -> Document:
    """GET /v1/payments/downtimes."""
    return collection([shown(one) for one in books.objects.find(KIND)])
