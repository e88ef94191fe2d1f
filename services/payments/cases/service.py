"""Cases as people work on them, and where the rest of the service puts what it cannot decide."""

import json
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.payments.cases.errors import CaseNotFound, CaseResolved
from services.payments.cases.models import Case, Resolution
from services.payments.cases.repository import CaseRepository
from services.payments.payments.cases import CaseKind
from shared.runtime.clock import Clock

logger = logging.getLogger(__name__)


class KeptCases:
    """A `Cases`: keeps what a person has to look at, in the unit of work of what has made it."""

    def __init__(self, cases: CaseRepository, clock: Clock) -> None:
        self._cases = cases
        self._clock = clock

    async def open(self, kind: CaseKind, payment_id: UUID | None, details: Mapping[str, Any]) -> None:
        """Open one, or find the one that is open about the same. It is logged once.

        details: ids and amounts, nothing personal. What it is about is `gateway_dispute_id` or `gateway_payment_id` of them,
        else the payment, or the `subscription_id`, `cancellation` or `account` that they name.
        """
        about = (
            details.get("gateway_dispute_id") or details.get("gateway_payment_id") or payment_id or details.get("subscription_id")
        )
        about = about or details.get("cancellation") or details["account"]
        said = json.dumps(details, sort_keys=True, default=str)
        if await self._cases.open(kind, str(about), payment_id, self._clock(), said, details):
            logger.error("payment_case_opened", extra={"kind": kind, "payment_id": str(payment_id), **details})

    async def settle_surplus(self, surplus: Mapping[UUID, Collection[str]], at: datetime) -> None:
        """End those about authorizations that are taken, gone or not surplus any more."""
        await self._cases.settle_surplus(list(surplus), [one for ids in surplus.values() for one in ids], at)

    async def settle_disputes(self, ended: Mapping[CaseKind, Collection[str]], at: datetime) -> None:
        """End those about disputes that are there no more."""
        about = [(kind, one) for kind, ids in ended.items() for one in ids]
        if about:
            await self._cases.settle_disputes(about, at)

    async def settle_held(self, at: datetime) -> None:
        """End those about subscriptions whose billing waits no more, whoever has seen to it."""
        await self._cases.settle_held(at)


class CaseDesk:
    """What a person does with cases, in one unit of work. organization_id: whose the caller may touch; None: everybody's."""

    def __init__(self, cases: CaseRepository, clock: Clock, organization_id: UUID | None, *, by: str) -> None:
        self._cases = cases
        self._clock = clock
        self._organization_id = organization_id
        self._by = by

    async def assign(self, case_id: UUID, owner: str | None) -> Case:
        """Give it to somebody, or to nobody. Raises CaseNotFound and CaseResolved."""
        case = await self._held(case_id)
        if case.owner != owner:
            await self._cases.assign(case_id, owner, by=self._by, at=self._clock())
        return await self._shown(case_id)

    async def comment(self, case_id: UUID, note: str) -> Case:
        """Write something down, on resolved ones as well. Raises CaseNotFound."""
        found(await self._cases.lock(case_id, self._organization_id))
        await self._cases.comment(case_id, note, by=self._by, at=self._clock())
        return await self._shown(case_id)

    async def resolve(self, case_id: UUID, resolution: Resolution, note: str) -> Case:
        """End it. Raises CaseNotFound and CaseResolved."""
        await self._held(case_id)
        await self._cases.resolve(case_id, resolution, note, by=self._by, at=self._clock())
        return await self._shown(case_id)

    async def _held(self, case_id: UUID) -> Case:
        case = found(await self._cases.lock(case_id, self._organization_id))
        if case.state == "resolved":
            raise CaseResolved(
                "it has been resolved; comment on it, or wait: it opens again by itself where its cause comes back"
            )
        return case

    async def _shown(self, case_id: UUID) -> Case:
        return found(await self._cases.find(case_id, self._organization_id))


def found(case: Case | None) -> Case:
    """Raises CaseNotFound where there is none."""
    if case is None:
        raise CaseNotFound("there is no case with this id; GET /v1/cases lists those that you may see")
    return case
