"""Who knows what an order has to know of the organization that sells."""

from typing import Protocol
from uuid import UUID

from services.payments.orders.models import Seller


class Sellers(Protocol):
    """Knows organizations as sellers."""

    async def of(self, organization_id: UUID) -> Seller:
        """Raises SellerNotSetUp."""
        ...
