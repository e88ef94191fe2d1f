"""What the tests of deliveries share: messages, and looking at what became of them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.deliveries.models import Delivery
from services.notifications.deliveries.repository import DeliveryReader
from shared.contracts.notifications import SendEmail
from shared.runtime.db import ReadSession, Session

ALERT: Final = "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77"


def email(to: str = "ann@example.com", **fields: Any) -> SendEmail:
    """A message, asked for by an alert."""
    return SendEmail(**{"to_email": to, "subject": "Late", "body": "3 days.", "requester": ALERT, **fields})


async def delivery(session: ReadSession, message_id: UUID) -> Delivery:
    """The delivery as the database has it now."""
    session.expunge_all()
    found = await DeliveryReader(session).find(message_id, None)
    assert found is not None, "there is no delivery of the message"
    return found


def attempts_of(found: Delivery) -> list[tuple[int, str | None, int | None, str | None]]:
    """Number, outcome, code and enhanced code of each attempt."""
    return [(one.number, one.outcome, one.code, one.enhanced_code) for one in found.timeline]


async def due_again(session: Session, message_id: UUID) -> None:
    """Let the waiting time of a retry, or a lease, be over."""
    await session.execute(text("UPDATE inbox SET due_at = now() - interval '1 second' WHERE id = :id"), {"id": message_id})
