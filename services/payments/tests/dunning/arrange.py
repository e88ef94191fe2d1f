"""Subscriptions whose periods are not paid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.payments.tests.subscriptions.arrange import PRO, Office, at, rows
from shared.contracts.payments import ProcessDunning

RUN = "SELECT status, failures, used, next_try_at FROM dunning_runs"
TRY_1, TRY_2 = at(2026, 3, 3, 4, 30), at(2026, 3, 5, 4, 30)
"""10:00 in India, one and three days after the first failure on 2 March."""
DEADLINE = at(2026, 3, 10, 4, 30)


@dataclass(frozen=True, slots=True)
class Owed:
    """A subscription whose first period is billed and not paid."""

    office: Office
    subscription: dict[str, Any]

    async def status(self) -> tuple[str, str]:
        """Of the subscription and of its newest period."""
        return (await self.office.get(self.subscription))["status"], (await self.office.periods(self.subscription))[-1][2]

    async def payment(self) -> tuple[UUID, int]:
        """That of its newest period, and its amount."""
        query = (
            "SELECT payment_id, total_minor FROM subscription_periods WHERE subscription_id = :id ORDER BY start_on DESC LIMIT 1"
        )
        ((payment_id, total),) = await rows(self.office.session, query, id=UUID(self.subscription["id"]))
        return payment_id, total

    async def fail(self, tries: int, now: datetime, *, kind: str = "later") -> None:
        """The payment is declined, and that is told twice."""
        payment_id, _ = await self.payment()
        await self.office.declined(payment_id, tries, kind, now)

    async def pay(self, now: datetime) -> None:
        """The payment is captured, and that is told twice."""
        self.office.clock.set(now)
        await self.office.captured(*await self.payment())

    async def set_payment(self, status: str) -> None:
        """The payment is in a status."""
        change = "UPDATE payments SET status = :status, is_open = :status = 'processing', version = version + 1"
        await self.office.session.execute(text(change), {"status": status})

    async def run(self, slot: datetime) -> None:
        """Dunning runs twice."""
        self.office.clock.set(slot)
        for _ in range(2):
            assert (await self.office.run_task(ProcessDunning(slot=slot))).outcome == "done"


async def owed(office: Office, plan: dict[str, Any] = PRO, **fields: Any) -> Owed:
    """One whose billing has asked for a charge."""
    subscription = await office.subscribe(await office.plan(plan), **fields)
    await office.bill()
    return Owed(office, subscription)


async def settings(office: Office, **fields: Any) -> None:
    """How the organization duns from now on."""
    await office.ok("PUT", "/v1/subscription-settings", json=fields, headers={"If-Match": "*"})
