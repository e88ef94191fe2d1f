"""Runs, page by page: what is to be read next, and what is written down of it. Each page is one transaction, so that a run that
died goes on at the page that it was at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.gateways.directory import Gateways
from services.payments.gateways.facts import PaymentFact
from services.payments.reconciliation.comparing import Comparing
from services.payments.reconciliation.fetching import Step, following
from services.payments.reconciliation.healing import Healing
from services.payments.reconciliation.lookup_repository import LookupRepository
from services.payments.reconciliation.models import Place, Run
from services.payments.reconciliation.run_repository import RunRepository
from services.payments.settlements.repository import SettlementRepository
from services.payments.settlements.telling import item_news, settlement_news
from shared.contracts.payments import AdvanceReconciliation
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.errors import ServiceError
from shared.runtime.outbox import Publisher
from shared.runtime.outcomes import Failed, Outcome, Retry, Skipped

LOOKUPS_AT_ONCE: Final = 50


class StepClaims:
    """Says what is to be read, in one unit of work."""

    def __init__(self, session: Session, runs: RunRepository, lookups: LookupRepository, accounts: Gateways) -> None:
        self._session = session
        self._runs = runs
        self._lookups = lookups
        self._accounts = accounts

    async def claim(self, asked: AdvanceReconciliation) -> Step | Outcome:
        """The page that the message is about, or why there is nothing to do."""
        run = await self._runs.lock(asked.run_id)
        if run is None or run.state != "running" or run.step != asked.step:
            return Skipped("the run is past this page")
        try:
            account = await self._accounts.get(self._session, run.account)
        except ServiceError as error:
            await self._runs.fail(run, error.detail)
            return Failed(error.detail, error_class=type(error).__name__)
        lookups = await self._lookups.next(run, LOOKUPS_AT_ONCE) if run.stage == "lookups" else []
        day = run.day or run.first_day
        return Step(run, account, lookups, following(run, day), day, account.gateway.reports.zone.key)


class StepRecords:
    """Writes down what a page has told, in one unit of work."""

    def __init__(
        self,
        runs: RunRepository,
        lookups: LookupRepository,
        healing: Healing,
        settlements: SettlementRepository,
        comparing: Comparing,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._lookups = lookups
        self._healing = healing
        self._settlements = settlements
        self._comparing = comparing
        self._publisher = publisher
        self._clock = clock

    async def record(self, results: Sequence[tuple[Step, Outcome]]) -> None:
        """Write down pages that were read, and why others were not."""
        for step, outcome in sorted(results, key=lambda one: one[0].run.id):
            if isinstance(outcome, Retry):
                await self._runs.stumble(step.run, outcome.error)
            elif isinstance(outcome, Failed):
                await self._runs.fail(step.run, outcome.error)
            else:
                await self._done(step, self._clock())

    async def _done(self, step: Step, now: datetime) -> None:
        run = await self._runs.lock(step.run.id)
        if run is None or run.state != "running" or run.step != step.run.step:
            return
        await self._healing.apply(run, step.told)
        await self._lookups.seen(run, {one.fact.payment_id for one in step.told if isinstance(one.fact, PaymentFact)})
        await self._settlements.put_items(run, step.day, item_news(run.account, step.items), now)
        await self._settlements.put(run, [settlement_news(run.account, one) for one in step.settlements], step.zone, now)
        await self._runs.looked(run, step.answers)
        place, posted = await self._concluded(run, step.place, now)
        await self._runs.move(run, place, count=step.count, posted=posted)
        if place.stage != "done":
            go_on(self._publisher, run.id, run.step + 1)

    async def _concluded(self, run: Run, place: Place, now: datetime) -> tuple[Place, int]:
        """What needs no gateway is done here. Returns where the run goes on, and how much was posted."""
        if run.stage == "compare":
            await self._comparing.compare(run, now)
        if run.stage == "postings" and (posted := await self._comparing.post(run)) is not None:
            return Place("postings"), posted
        return place, 0


def go_on(publisher: Publisher, run_id: UUID, step: int) -> None:
    """Ask for a page of a run, once."""
    publisher.publish(AdvanceReconciliation(run_id=run_id, step=step), message_id=uuid5(run_id, str(step)))
