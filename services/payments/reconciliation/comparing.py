"""The last steps of a run: say what each thing is, keep the cases, and post what was settled."""

import logging
from datetime import datetime
from typing import Final

from services.payments.gateways.razorpay_facts import RAZORPAY
from services.payments.gateways.reports import ZONES
from services.payments.ledger.repository import Ledger
from services.payments.reconciliation.comparing_repository import ComparingRepository, Rules
from services.payments.reconciliation.models import Run
from services.payments.reconciliation.run_repository import RunRepository
from services.payments.settlements.posting import difference_changes, item_changes
from services.payments.settlements.repository import SettlementRepository
from services.payments.settlements.working_days import DOMESTIC_DAYS, INTERNATIONAL_DAYS, overdue_before

logger = logging.getLogger(__name__)

POSTED_AT_ONCE: Final = 500


class Comparing:
    """Works in one unit of work."""

    def __init__(
        self, comparing: ComparingRepository, runs: RunRepository, settlements: SettlementRepository, ledger: Ledger
    ) -> None:
        self._comparing = comparing
        self._runs = runs
        self._settlements = settlements
        self._ledger = ledger

    async def compare(self, run: Run, now: datetime) -> None:
        """Judge everything in the run's window and whatever open cases are about; cases open, close and open again."""
        await self._comparing.hold(run)
        await self._comparing.compare(run, rules_of(run))
        for kind, count in (await self._comparing.keep_cases(run, now)).items():
            logger.error("payment_cases_opened", extra={"kind": kind, "count": count, "run": str(run.id)})
        await self._runs.count(run, await self._comparing.count(run))

    async def post(self, run: Run) -> int | None:
        """Post the next of what was settled, and undo what is known better by now; None where nothing is left."""
        await self._comparing.hold(run)
        items = await self._settlements.unposted(run, POSTED_AT_ONCE)
        if items:
            reversals, postings, posted = item_changes(items)
            await self._settlements.posted(posted)
        else:
            found = await self._settlements.differences(run, POSTED_AT_ONCE)
            if not found:
                return None
            reversals, postings, posted = difference_changes(found)
            await self._settlements.differences_posted(posted)
        if reversals:
            await self._ledger.reverse(reversals)
        return await self._ledger.post(postings) + len(reversals)


def rules_of(run: Run) -> Rules:
    """By what a run judges. Razorpay settles rupees of Indian cards after two working days, and adds GST to its fees; of Stripe's
    accounts nobody knows more than that they are paid out within the longer time."""
    is_razorpay, zone = run.gateway == RAZORPAY, ZONES[run.gateway]
    return Rules(
        home="INR" if is_razorpay else "",
        home_before=overdue_before(run.slot, zone, DOMESTIC_DAYS),
        abroad_before=overdue_before(run.slot, zone, INTERNATIONAL_DAYS),
        is_gst=is_razorpay,
    )
