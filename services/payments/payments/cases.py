"""What a person has to look at: the hook by which payments hand it to cases/, which keeps them with owner and age."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

CaseKind = Literal[
    "amount_mismatch",
    "currency_mismatch",
    "duplicate_capture",
    "missing_local",
    "outcome_unknown",
    "refund_undone",
    "refund_revived",
    "authorization_lapsing",
    "billing_held",
    "production_cancelled",
    "dispute_open",
    "dispute_unseen",
    "dispute_unreturned",
    "surplus_authorization",
    "webhooks_silent",
]
"""The first four and `dispute_unseen` are classes of reconciliation, which finds the same by itself, and ends the case once it is
right."""


class Cases(Protocol):
    """Where cases go, in the unit of work of what has made them."""

    async def open(self, kind: CaseKind, payment_id: UUID | None, details: Mapping[str, Any]) -> None:
        """Open one, or find the one that is open about the same. details: ids and amounts, nothing personal."""
        ...

    async def settle_surplus(self, surplus: Mapping[UUID, Collection[str]], at: datetime) -> None:
        """End those about authorizations of these payments that are taken, gone or not surplus any more. surplus: what still
        is, by payment, of gateways' ids."""
        ...

    async def settle_disputes(self, ended: Mapping[CaseKind, Collection[str]], at: datetime) -> None:
        """End those about disputes that are there no more. ended: of disputes' ids, the gateways', by kind."""
        ...

    async def settle_held(self, at: datetime) -> None:
        """End those about subscriptions whose billing waits no more."""
        ...
