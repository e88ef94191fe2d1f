"""Our books and a gateway's, which drift apart, and runs that compare them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import have_customer, have_order, have_payment, rows
from shared.contracts.payments import AdvanceReconciliation, ReconcilePayments
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, outbox_of

AMOUNT: Final = 100_000
FEE: Final = 2_360
TAX: Final = 360
DAYS: Final = 10
"""So long after everything that happens in a test a run looks back at it: two working days are over by then."""
CASES: Final = "SELECT kind, entity_id FROM cases WHERE state = 'open' ORDER BY kind, entity_id"
LEDGER: Final = "SELECT count(*) FROM ledger_transactions"
SUMS: Final = """
    SELECT account, sum(amount_minor)::bigint FROM ledger_entries WHERE currency = 'INR'
     GROUP BY account HAVING sum(amount_minor) <> 0
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of an order of ours. reference: the gateway's."""

    id: UUID
    order_id: UUID
    reference: str
    gateway_order: str


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Both sides."""

    session: Session
    gateway: GatewayStandIn
    run_task: TaskRunner

    async def pay(self, receipt: str = "receipt", amount: int = AMOUNT, *, ours: int | None = None, **checkout: Any) -> Paid:
        """A customer pays at the gateway, and nobody tells us. ours: what we had asked for, if it was another amount."""
        order = await self.gateway.make_order(amount, capture=checkout.pop("capture", True), receipt=receipt)
        customer_id = await have_customer(self.session)
        order_id = await have_order(self.session, customer_id, ours or amount)
        payment = await have_payment(self.session, order_id, customer_id, amount=ours or amount, gateway_order=order)
        done = await self.gateway.ask("POST", "/checkout", ok=False, order_id=order, **{"method": "card", **checkout})
        reference = done.get("razorpay_payment_id") or done["error"]["metadata"]["payment_id"]
        return Paid(payment.id, order_id, reference, order)

    async def settle(self, **drifts: str) -> dict[str, Any]:
        """The gateway pays out, with a report that is wrong about some receipts."""
        await self.gateway.faults(*({"match": name, "action": "drift", "drift": drift} for name, drift in drifts.items()))
        return await self.gateway.ask("POST", "/settlements", older_than_days=0)

    async def compare(self, account: str = "razorpay", days: int = DAYS) -> dict[str, Any]:
        """A run from its beginning to its end; returns its counts. days: so long after now, and as far back."""
        asked = ReconcilePayments(slot=datetime.now(UTC) + timedelta(days=days - 1), days=days, account=account)
        before = {one.id for one in await outbox_of(self.session)}
        handled = await self.run_task(asked)
        assert handled.outcome == "done", handled
        await self.go_on(before)
        run = "SELECT state, counts, error FROM recon_runs WHERE asked_by = :id"
        ((state, counts, error),) = await rows(self.session, run, id=handled.id)
        assert (state, error) == ("finished", None)
        return dict(counts)

    async def go_on(self, before: set[UUID]) -> int:
        """Hand over what runs have asked for since, until they ask for nothing more; returns how many pages that was."""
        pages = 0
        while waiting := [one for one in await outbox_of(self.session) if one.id not in before and _is_page(one.name)]:
            for one in waiting:
                before.add(one.id)
                pages += 1
                handled = await self.run_task(AdvanceReconciliation.model_validate_json(one.body), ids=[one.id])
                assert handled.outcome in ("done", "dropped"), handled
        return pages

    async def cases(self) -> set[tuple[str, str]]:
        """Kind and subject of what is open."""
        return {(row[0], row[1]) for row in await rows(self.session, CASES)}

    async def sums(self) -> dict[str, int]:
        """What the ledger's accounts come to in rupees, of all organizations."""
        return dict(await rows(self.session, SUMS))

    async def state(self) -> Any:
        """All that a run may change but for the run itself."""
        items = "SELECT id, class, posting_number, posting_digest, utr FROM recon_items ORDER BY id"
        cases = "SELECT id, kind, entity_id, state, version FROM cases ORDER BY id"
        payments = "SELECT id, status, version FROM payments ORDER BY id"
        return [list(await rows(self.session, query)) for query in (items, cases, payments, LEDGER)]

    async def change(self, statement: str, **bound: Any) -> None:
        """Have our side be another one."""
        await self.session.execute(text(statement), bound)


def _is_page(name: str) -> bool:
    return name == AdvanceReconciliation.contract.name
