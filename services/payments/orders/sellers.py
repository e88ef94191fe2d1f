"""What an order has to know of the organization that sells."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Seller:
    """state_code: where it is registered for GST, None for one that charges none. has_lut: exports go out without tax.

    round_to_minor: what totals in rupees are rounded to. price_tolerance_bp: by how much a price may have risen since it was
    seen, and still be honoured. pay_within: how long an order waits for its money.
    """

    state_code: str | None
    has_lut: bool
    round_to_minor: int
    price_tolerance_bp: int
    pay_within: timedelta


class Sellers(Protocol):
    """Knows organizations as sellers."""

    async def of(self, organization_id: UUID) -> Seller:
        """Raises SellerNotSetUp."""
        ...
