"""Customers with something to their credit, as the tests of using it need them."""

from uuid import UUID

from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.tests.payments.arrange import NOON, OURS
from shared.runtime.db import Session
from shared.runtime.ids import uuid7


async def have_credit(session: Session, customer_id: UUID, amount_minor: int) -> None:
    """A customer has so much to their credit, in rupees, from a payment that nothing was due for."""
    key = uuid7()
    entry = CreditEntry(key, OURS, customer_id, "INR", "grant", amount_minor, "payment", key, None, None, None, NOON)
    await CreditRepository(session).add([entry])
