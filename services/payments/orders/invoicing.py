"""What orders have to know of their invoices."""

from typing import Protocol
from uuid import UUID

from services.payments.orders.models import Change
from services.payments.orders.shown_schemas import RefundPlanOut


class Invoicing(Protocol):
    """Has issued the invoices of orders, and works in the same unit of work, under the lock of the order."""

    async def is_invoiced(self, order_id: UUID) -> bool:
        """Whether an invoice bills the order."""
        ...

    async def credit(self, order_id: UUID, plan: RefundPlanOut, change: Change) -> None:
        """Take back on the order's invoice what of the order is cancelled, if there is one.

        Raises CreditAboveRemaining where it was credited before by hand.
        """
        ...
