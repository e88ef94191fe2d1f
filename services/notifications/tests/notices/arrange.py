"""What the tests of notices share: one of each kind, and looking at what became of it."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.contracts.money import Money
from shared.contracts.notifications import (
    ChannelSend,
    Notice,
    OrderLine,
    SendInApp,
    SendInvoiceEmail,
    SendInvoiceOverdue,
    SendOrderConfirmation,
    SendOrderReminder,
    SendOrderShipped,
    SendOrderStatus,
    SendPaymentFailed,
    SendPaymentReminderSms,
    SendSubscriptionRenewalReminder,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendTripAssignmentNotification,
    SendWelcomeEmail,
)
from shared.runtime.db import Session
from shared.testing.messages import outbox_of

ASHA: Final = "payments.customer:7"
PHONE: Final = "+919812345678"
RUPEES: Final = Money(amount_minor=12_345_600, currency="INR")
_AT: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
_DAY: Final = date(2026, 11, 22)

FACTS: Final[dict[type[Notice], dict[str, Any]]] = {
    SendOrderConfirmation: {
        "order_id": "o/1",
        "order_number": "WB-1",
        "total": RUPEES,
        "lines": [OrderLine(name="Box", quantity=2, amount=RUPEES)],
    },
    SendOrderShipped: {"order_id": "o1", "order_number": "WB-1", "tracking_url": "https://carrier.example.com/1"},
    SendOrderStatus: {"order_id": "o1", "order_number": "WB-1", "status": "in production"},
    SendOrderReminder: {"order_id": "o1", "order_number": "WB-1", "action": "approve the sample", "due_on": _DAY},
    SendPaymentFailed: {"payment_id": "p1", "amount": RUPEES, "next_attempt_at": _AT},
    SendSubscriptionRenewalReminder: {"subscription_id": "s1", "plan_name": "Plus", "amount": RUPEES, "renews_at": _AT},
    SendPaymentReminderSms: {
        "subscription_id": "s1",
        "plan_name": "Plus",
        "amount": RUPEES,
        "expires_on": _DAY,
        "days_left": 3,
    },
    SendInvoiceEmail: {"invoice_id": "i1", "invoice_number": "INV/26/1", "total": RUPEES, "issued_on": _DAY},
    SendInvoiceOverdue: {
        "invoice_id": "i1",
        "invoice_number": "INV/26/1",
        "amount_due": RUPEES,
        "due_on": _DAY,
        "days_overdue": 4,
    },
    SendWelcomeEmail: {},
    SendTripAssignmentNotification: {
        "trip_id": "t1",
        "trip_number": "T-1",
        "pickup_at": _AT,
        "pickup": "Andheri",
        "dropoff": "Nhava Sheva",
    },
}


def notice(kind: type[Notice] = SendOrderConfirmation, **fields: Any) -> Notice:
    """A notice to Asha, unless it names somebody else."""
    to = {} if {"to_email", "to_phone", "to_person"} & fields.keys() else {"to_person": ASHA}
    return kind(**{**to, **FACTS[kind], **fields})


async def sent(session: Session) -> dict[UUID, ChannelSend]:
    """The messages that were published for channels, by their ids."""
    kinds = {kind.contract.name: kind for kind in (SendTemplatedEmail, SendTemplatedSms, SendInApp)}
    return {one.id: kinds[one.name].model_validate_json(one.body) for one in await outbox_of(session) if one.name in kinds}


async def stands(session: Session) -> list[tuple[str, str, str | None]]:
    """Channel, status and reason of each delivery."""
    rows = await session.execute(text("SELECT channel, status, reason FROM deliveries ORDER BY channel, status, id"))
    return [(row.channel, row.status, row.reason) for row in rows]
