"""Who knows what an order has to know of the organization that sells."""

from typing import Protocol
from uuid import UUID

from services.payments.orders.models import Seller


class Taxed(Protocol):
    """What of a seller decides how it taxes."""

    @property
    def state_code(self) -> str | None: ...

    @property
    def has_lut(self) -> bool: ...

    @property
    def round_to_minor(self) -> int: ...


class Sellers(Protocol):
    """Knows organizations as sellers."""

    async def of(self, organization_id: UUID) -> Seller:
        """Raises SellerNotSetUp."""
        ...
