"""Events about what the stand-in does not keep (hosted subscriptions, invoices, links), for whoever takes them."""

from typing import Any, Final

from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused

_SUBSCRIPTIONS: Final = (
    "authenticated",
    "activated",
    "charged",
    "completed",
    "updated",
    "pending",
    "halted",
    "cancelled",
    "paused",
    "resumed",
)
_LINKS: Final = ("paid", "partially_paid", "cancelled", "expired")
MADE_UP: Final = (
    *(f"subscription.{status}" for status in _SUBSCRIPTIONS),
    *(f"invoice.{status}" for status in ("paid", "partially_paid", "expired")),
    *(f"payment_link.{status}" for status in _LINKS),
)
TOLD: Final = (
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "order.paid",
    "order.notification.delivered",
    "order.notification.failed",
    "refund.created",
    "refund.processed",
    "refund.failed",
    "refund.speed_changed",
    *(f"payment.dispute.{status}" for status in ("created", "won", "lost", "closed", "under_review", "action_required")),
    *(f"payment.downtime.{status}" for status in ("started", "updated", "resolved")),
    *(f"token.{status}" for status in ("confirmed", "rejected", "cancelled", "paused")),
    "settlement.processed",
)
"""The events that follow from what happens here."""


def entities_of(event: str, given: dict[str, Any] | None) -> dict[str, Document]:
    """The entities of an event's payload by their names: those given, or a plausible one."""
    if event not in (*MADE_UP, *TOLD):
        raise Refused(f"Razorpay has no event {event}", field="event")
    if given is not None:
        return given
    kind, _, status = event.rpartition(".")
    if event not in MADE_UP:
        raise Refused(f"{event} is about what is kept here: give the entities, or have it happen", field="entities")
    return {kind: {**_SAMPLES[kind], "status": status}}


_SAMPLES: Final[dict[str, Document]] = {
    "subscription": {
        "id": "sub_WaybillSandbx0",
        "entity": "subscription",
        "plan_id": "plan_WaybillSandbx",
        "customer_id": "cust_WaybillSandbx",
        "status": "active",
        "current_start": 1_763_600_000,
        "current_end": 1_766_192_000,
        "ended_at": None,
        "quantity": 1,
        "notes": [],
        "charge_at": 1_766_192_000,
        "start_at": 1_763_600_000,
        "end_at": 1_795_136_000,
        "auth_attempts": 0,
        "total_count": 12,
        "paid_count": 1,
        "customer_notify": True,
        "created_at": 1_763_600_000,
        "expire_by": None,
        "short_url": None,
        "has_scheduled_changes": False,
        "change_scheduled_at": None,
        "source": "api",
        "offer_id": None,
        "remaining_count": 11,
    },
    "invoice": {
        "id": "inv_WaybillSandbx0",
        "entity": "invoice",
        "receipt": None,
        "invoice_number": None,
        "customer_id": None,
        "order_id": None,
        "payment_id": None,
        "status": "paid",
        "amount": 50_000,
        "amount_paid": 50_000,
        "amount_due": 0,
        "currency": "INR",
        "notes": [],
        "created_at": 1_763_600_000,
    },
    "payment_link": {
        "id": "plink_WaybillSandb",
        "reference_id": "",
        "amount": 50_000,
        "amount_paid": 50_000,
        "currency": "INR",
        "status": "paid",
        "order_id": None,
        "notes": [],
        "created_at": 1_763_600_000,
    },
}
