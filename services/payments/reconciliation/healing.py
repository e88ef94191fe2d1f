"""What a gateway proves heals itself: its facts go where those of call-backs go, and what was new of them is written down."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.payments.gateways.facts import DisputeFact, OrderFact, PaymentFact, RefundFact
from services.payments.payments import ranks
from services.payments.payments.fact_repository import FactRepository
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import ENDED
from services.payments.payments.telling import Told, named
from services.payments.reconciliation.held_repository import HeldFact, HeldRepository
from services.payments.reconciliation.models import SYSTEM, Class, Finding, FindingKind, Run
from services.payments.reconciliation.run_repository import RunRepository, healed


class Healing:
    """Works in one unit of work."""

    def __init__(self, held: HeldRepository, matching: FactRepository, facts: GatewayFacts, runs: RunRepository) -> None:
        self._held = held
        self._matching = matching
        self._facts = facts
        self._runs = runs

    async def apply(self, run: Run, told: Sequence[Told]) -> None:
        """Apply facts that a run was told, and write down those that we did not know."""
        if not told:
            return
        was = await self._held.statuses(await self._matching.match([named(one) for one in told]))
        before = await self._look(run, told)
        await self._facts.apply(told, by=SYSTEM, reason="the gateway's list says so", reference=f"reconciliation:{run.id}")
        after = await self._look(run, told)
        findings = list[Finding]()
        for kind, held in after.items():
            for key, one in held.items():
                known = before[kind].get(key)
                if known is None or known.rank < one.rank:
                    class_ = _class(kind, one, was)
                    findings += [healed(run, class_, kind, key, one)] if class_ is not None else []
        await self._runs.found(run, findings)

    async def _look(self, run: Run, told: Sequence[Told]) -> Mapping[FindingKind, Mapping[str, HeldFact]]:
        facts = [one.fact for one in told]
        payments = {one.payment_id for one in facts if isinstance(one, PaymentFact)}
        orders = {one.order_id for one in facts if isinstance(one, OrderFact)}
        refunds = {one.refund_id for one in facts if isinstance(one, RefundFact)}
        disputes = {one.dispute_id for one in facts if isinstance(one, DisputeFact)}
        return {
            "payment": await self._held.payments(run, payments, orders) if payments or orders else {},
            "refund": await self._held.refunds(run, refunds) if refunds else {},
            "dispute": await self._held.disputes(run, disputes) if disputes else {},
        }


def _class(kind: FindingKind, one: HeldFact, was: Mapping[UUID, str]) -> Class | None:
    """What it was that we did not know; None for what is only under way, which gateways tell nobody of."""
    if kind == "refund":
        return Class.REFUND_UNSEEN
    if kind == "dispute":
        return Class.DISPUTE_UNSEEN
    if one.rank < ranks.FAILED:
        return None
    if one.rank in (ranks.AUTHORIZED, ranks.CAPTURED) and was.get(one.payment_id) in ENDED:
        return Class.LATE_AUTH
    return Class.CAPTURED_UNSEEN if one.rank == ranks.CAPTURED else Class.STATUS_MISMATCH
