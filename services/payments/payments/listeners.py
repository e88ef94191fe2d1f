"""Whoever in this service has to know at once, and in the same transaction, how payments end: subscriptions, above all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.payments.payments.models import Payment


@dataclass(frozen=True, slots=True)
class Paid:
    """Money has come. payment: as it was before. applied_minor: what its order or invoice had use for."""

    payment: Payment
    amount_minor: int
    applied_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """A payment has failed, as far as anybody knows yet. next_attempt_at: when it is charged again by itself; None: never, or the
    listener decides. The same payment may be paid later all the same."""

    payment: Payment
    next_attempt_at: datetime | None
    at: datetime


class PaymentListener(Protocol):
    """Works in the unit of work of what it is told, under the locks of the payments and their orders."""

    async def paid(self, payments: Sequence[Paid]) -> None:
        """Each payment once, many together."""
        ...

    async def missed(self, payment: Missed) -> None:
        """Once for each try."""
        ...
