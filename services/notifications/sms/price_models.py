"""What one SMS costs."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """Exact. amount: in whole units of the currency, often a part of its smallest coin: 0.00750 USD."""

    amount: Decimal
    currency: str
