"""What happens at Stripe some time after a request, by itself."""

from typing import Any

from deploy.sandbox.stripe import confirming, disputes, refunds
from deploy.sandbox.stripe.books import Books


def carry_on(books: Books, what: str, object_id: str, more: dict[str, Any]) -> None:
    """Do what was planned for later."""
    match what:
        case "bank":
            confirming.hear(books, object_id, more["outcome"])
        case "refund":
            refunds.finish(books, object_id, more["status"])
        case "dispute":
            disputes.create(books, object_id, "fraudulent")
        case _:
            raise ValueError(f"nothing is known of {what}")
