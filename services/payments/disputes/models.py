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
