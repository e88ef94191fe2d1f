"""Whoever in this service has a say in what is charged: subscriptions, whose periods may be paid or given up meanwhile."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.payments.payments.models import Payment
from shared.runtime.outcomes import Outcome


class ChargePermits(Protocol):
    """Works in the unit of work that claims charges, under the locks of the payments and their orders."""

    async def refusals(self, payments: Collection[Payment], at: datetime) -> Mapping[UUID, Outcome]:
        """What becomes of payments that are not to be charged at this moment; those that may be are missing."""
        ...
