"""What happens at Razorpay some time after a request, by itself."""

from typing import Any

from deploy.sandbox.razorpay import attempts, disputes, orders, payments, refunds
from deploy.sandbox.razorpay.books import Books


def carry_on(books: Books, what: str, object_id: str, more: dict[str, Any]) -> None:
    """Do what was planned for later."""
    match what:
        case "attempt":
            attempts.go_on(books, object_id, more["status"], more["reason"])
        case "refund":
            refunds.finish(books, object_id, more["status"])
        case "notice":
            orders.notify(books, object_id)
        case "expire":
            payments.expire(books)
        case "dispute":
            disputes.create(books, object_id, None, "chargeback")
        case _:
            raise ValueError(f"nothing is known of {what}")
