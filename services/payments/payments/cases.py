"""What a person has to look at: the hook by which payments hand it to cases/, which keeps them with owner and age."""

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from prometheus_client import Counter

from shared.runtime.metrics import REGISTRY

CaseKind = Literal[
    "amount_mismatch",
    "currency_mismatch",
    "duplicate_capture",
    "missing_local",
    "outcome_unknown",
    "refund_undone",
    "authorization_lapsing",
    "billing_held",
    "webhooks_silent",
]
"""The first four are classes of reconciliation, which finds the same by itself, and ends the case once it is right."""

CASES: Final = Counter("payments_cases", "What a person has to look at, by kind.", ("kind",), registry=REGISTRY)


class Cases(Protocol):
    """Where cases go, in the unit of work of what has made them."""

    async def open(self, kind: CaseKind, payment_id: UUID | None, details: Mapping[str, Any]) -> None:
        """Open one, or find the one that is open about the same. details: ids and amounts, nothing personal."""
        ...
