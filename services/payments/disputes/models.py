"""Disputes as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

_STATUSES: Final = ("open", "under_review", "closed", "lost", "won")
"""By rank, from 1."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A customer's bank wants money back. rank: how far it has come, see payments/ranks.py. deducted_minor: what the gateway has
    taken from us for it so far."""

    id: UUID
    organization_id: UUID | None
    payment_id: UUID | None
    gateway: str
    gateway_dispute_id: str
    gateway_payment_id: str
    rank: int
    amount_minor: int
    deducted_minor: int
    currency: str
    reason: str | None
    respond_by: datetime | None
    opened_at: datetime
    decided_at: datetime | None

    @property
    def status(self) -> str:
        """As gateways' facts call it."""
        return _STATUSES[self.rank - 1]

    @property
    def wants_answer(self) -> bool:
        """Whether evidence is wanted of us."""
        return self.status == "open"

    @property
    def is_decided(self) -> bool:
        """Whether it is with no bank any more."""
        return self.status in ("closed", "lost", "won")

    @property
    def is_lost(self) -> bool:
        """Whether the customer has the money."""
        return self.status == "lost"

    @property
    def is_unreturned(self) -> bool:
        """Whether it has ended without a decision, and nothing tells that what was taken for it has come back."""
        return self.status == "closed" and self.deducted_minor > 0

    @property
    def is_at_stake(self) -> bool:
        """Whether its money is not ours, or may not be."""
        return not self.is_decided or self.is_lost or self.is_unreturned

    @property
    def taken_minor(self) -> int:
        """What it has cost once it is lost. A gateway that takes the money only then has taken all of it."""
        return self.deducted_minor or self.amount_minor
