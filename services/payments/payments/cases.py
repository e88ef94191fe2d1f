"""What a person has to look at: the hook for reconciliation, which keeps cases with owner and age."""

import logging
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from prometheus_client import Counter

from shared.runtime.metrics import REGISTRY

logger = logging.getLogger(__name__)

CaseKind = Literal[
    "amount_mismatch",
    "duplicate_capture",
    "payment_unmatched",
    "outcome_unknown",
    "refund_undone",
    "authorization_lapsing",
    "billing_held",
    "webhooks_silent",
]

CASES: Final = Counter("payments_cases", "What a person has to look at, by kind.", ("kind",), registry=REGISTRY)


class Cases(Protocol):
    """Where cases go, in the unit of work of what has made them."""

    async def open(self, kind: CaseKind, payment_id: UUID | None, details: Mapping[str, Any]) -> None:
        """Open one, or find the one that is open under the same kind and payment."""
        ...


class LoggedCases:
    """Counts cases for the alarm and writes them to the log."""

    async def open(self, kind: CaseKind, payment_id: UUID | None, details: Mapping[str, Any]) -> None:
        """details: ids and amounts, nothing personal."""
        CASES.labels(kind).inc()
        logger.error("payment_case_opened", extra={"kind": kind, "payment_id": str(payment_id), **details})
