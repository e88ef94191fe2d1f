"""Plans: created, given new terms, opened and closed."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.payments.catalog.repository import ProductReader
from services.payments.catalog.sale import sold
from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.plans.errors import PlanCurrencyFixed, PlanExists, PlanNotFound, PlanTooLarge
from services.payments.plans.models import Plan, PlanLine, PlanVersion
from services.payments.plans.repository import PlanReader, PlanRepository
from services.payments.plans.schemas import PlanIn, VersionIn
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def plan_of(plans: PlanReader, plan_id: UUID, organization_id: UUID | None) -> tuple[Plan, PlanVersion]:
    """A plan and its newest terms. Raises PlanNotFound, also for another organization's."""
    return _found(await plans.find(plan_id, organization_id))


class Plans:
    """Writes in one unit of work."""

    def __init__(self, plans: PlanRepository, products: ProductReader, clock: Clock, *, by: str) -> None:
        self._plans = plans
        self._products = products
        self._clock = clock
        self._by = by

    async def create(self, organization_id: UUID, new: PlanIn) -> tuple[Plan, PlanVersion]:
        """Raises PlanExists, PlanTooLarge and what `sold` raises."""
        at = self._clock()
        values = {"id": uuid7(), "organization_id": organization_id, "code": new.code}
        terms = await self._terms(organization_id, new)
        plan = await self._plans.create(values, by=self._by, at=at)
        if plan is None:
            raise PlanExists("there is a plan with this code; publish a version of it: POST /v1/plans/{id}/versions")
        version = {"id": uuid7(), "plan_id": plan.id, "number": 1} | terms
        return plan, await self._plans.add_version(version, by=self._by, at=at)

    async def publish(
        self, plan_id: UUID, organization_id: UUID | None, new: VersionIn, check: Check
    ) -> tuple[Plan, PlanVersion]:
        """New terms, for those who subscribe from now on.

        Raises PlanNotFound, PlanCurrencyFixed, PlanTooLarge, what `sold` raises and what `check` raises.
        """
        plan, newest = _found(await self._plans.find(plan_id, organization_id, lock=True))
        check(plan.version)
        if new.currency != newest.currency:
            raise PlanCurrencyFixed(f"its subscriptions are in {newest.currency}; create another plan")
        terms = await self._terms(plan.organization_id, new)
        version = {"id": uuid7(), "plan_id": plan.id, "number": newest.number + 1} | terms
        added = await self._plans.add_version(version, by=self._by, at=self._clock())
        return await self._plans.change(plan.id, {}, by=self._by, at=self._clock()), added

    async def set_active(
        self, plan_id: UUID, organization_id: UUID | None, check: Check, *, active: bool
    ) -> tuple[Plan, PlanVersion]:
        """Open or close it. Raises PlanNotFound and what `check` raises."""
        plan, newest = _found(await self._plans.find(plan_id, organization_id, lock=True))
        check(plan.version)
        if plan.active != active:
            plan = await self._plans.change(plan.id, {"active": active}, by=self._by, at=self._clock())
        return plan, newest

    async def _terms(self, organization_id: UUID, new: VersionIn) -> dict[str, Any]:
        lines = await self._lines(organization_id, new)
        whole = sum(line.quantity * line.unit_price_minor for line in lines) * new.max_quantity
        # The tax comes on top, and is never more than the amount.
        if 2 * whole > MAX_AMOUNT_MINOR:
            raise PlanTooLarge(f"max_quantity of it may come to {MAX_AMOUNT_MINOR // 2} minor units at most; lower one of them")
        names = ("name", "currency", "interval_count", "trial_days", "min_quantity", "max_quantity")
        return {name: getattr(new, name) for name in names} | {
            "interval_unit": new.interval,
            "delivers": bool(new.items),
            "lines": [asdict(line) for line in lines],
        }

    async def _lines(self, organization_id: UUID, new: VersionIn) -> list[PlanLine]:
        if new.charge is not None:
            charge = new.charge
            return [PlanLine(None, charge.description or new.name, charge.sac, 1, charge.unit_price_minor, charge.tax_rate_bp)]
        products = await self._products.by_sku(organization_id, [item.sku for item in new.items])
        lines = []
        for item in new.items:
            one = sold(products, item.sku, item.quantity * new.max_quantity, new.currency)
            price = one.unit_price_minor if item.unit_price_minor is None else item.unit_price_minor
            lines.append(PlanLine(one.sku, one.name, one.hsn_sac, item.quantity, price, one.tax_rate_bp, one.capability))
        return lines


def _found(row: tuple[Plan, PlanVersion] | None) -> tuple[Plan, PlanVersion]:
    if row is None:
        raise PlanNotFound("there is no plan with this id; GET /v1/plans lists those that there are")
    return row
