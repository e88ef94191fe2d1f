"""What an organization wants done where somebody has to decide."""

from dataclasses import dataclass, fields
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """surplus: what becomes of money that nothing was due for. late_authorization: of a bank's
    yes that comes after the payment had failed. approve_refunds_above_minor: above this a second person has to approve; None:
    never. version: 0 where the organization has said nothing."""

    surplus: Literal["credit", "refund"] = "credit"
    late_authorization: Literal["capture", "release"] = "capture"
    approve_refunds_above_minor: int | None = None
    version: int = 0


DEFAULT: Final = PaymentPolicy()
NAMES: Final = tuple(field.name for field in fields(PaymentPolicy))
