"""What changes of a subscription have left open when it is over, since no further period takes it up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from services.payments.credits.unused import UnusedCredits
from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.issuing import Issuing
from services.payments.invoices.models import DraftLine, InvoiceDraft, Source
from services.payments.invoices.writing_repository import Change
from services.payments.subscriptions.billing import adjusted, is_taxed
from services.payments.subscriptions.charging import PeriodCharging
from services.payments.subscriptions.due_repository import DueRepository
from services.payments.subscriptions.errors import PeriodNotInvoiced
from services.payments.subscriptions.last_charge import last_made
from services.payments.subscriptions.models import SYSTEM, Adjustment, BilledLine
from services.payments.subscriptions.settling_repository import SettlingRepository
from services.payments.tax.models import SupplyKind

NOTES: Final = "For changes within the last period, which no other period bills."

GIVEN_UP: Final = "nothing is owed for its period any more"


class SubscriptionSettling:
    """Works in one unit of work. Done again it finds nothing open."""

    def __init__(
        self,
        rest: SettlingRepository,
        due: DueRepository,
        issuing: Issuing,
        buyers: BuyerReader,
        credits_: UnusedCredits,
        charging: PeriodCharging,
    ) -> None:
        self._rest = rest
        self._due = due
        self._charging = charging
        self._issuing = issuing
        self._buyers = buyers
        self._credits = credits_

    async def settle(self, subscription_id: UUID, at: datetime, *, charges_owed: bool) -> None:
        """Bill what is due on the whole, or give back what was paid and not used, with its tax. Invoices of periods that came to
        nothing are credited, and what was paid on them is their customer's credit.

        charges_owed: False where what is due is owed no more. Raises PeriodNotInvoiced as long as the invoice is not issued that
        the unused part is taken back of, and what issuing refuses.
        """
        for invoice_id in await self._rest.void_invoices(subscription_id):
            await self._credits.withdraw(invoice_id, Change(at, SYSTEM, GIVEN_UP))
        adjustments = await self._rest.take(subscription_id)
        lines, taken = adjusted([], adjustments, is_taxed=await self._is_taxed(subscription_id, adjustments))
        unused_minor = sum(taken.get(one.id, 0) - one.open_minor for one in adjustments)
        if unused_minor:
            await self._give_back(subscription_id, unused_minor, at)
        elif charges_owed and any(line.gross_minor > line.discount_minor for line in lines):
            await self._bill(subscription_id, lines, at)

    async def _is_taxed(self, subscription_id: UUID, adjustments: Sequence[Adjustment]) -> bool:
        """Matters where rates differ alone."""
        if len({one.tax_rate_bp for one in adjustments}) < 2:
            return False
        return is_taxed((await self._rest.last_period(subscription_id)).supply_kind)

    async def _bill(self, subscription_id: UUID, lines: Sequence[BilledLine], at: datetime) -> None:
        """The invoice is a period's of its own, from the day of the end on, and is charged and dunned as such, once."""
        period, payer = await self._rest.last_period(subscription_id), await self._rest.payer(subscription_id, at)
        buyer = await self._buyers.find(period.customer_id, organization_id=period.organization_id)
        assert buyer is not None, "a foreign key keeps it"
        kinds: tuple[SupplyKind, ...] = get_args(SupplyKind)
        draft = InvoiceDraft(
            organization_id=period.organization_id,
            customer_id=period.customer_id,
            legal_entity_id=period.legal_entity_id,
            buyer=buyer,
            currency=period.currency,
            lines=[_line(line) for line in lines],
            place_of_supply=period.place_of_supply,
            supply_kind=next((kind for kind in kinds if kind == period.supply_kind), "domestic"),
            supplied_from=period.start_on,
            supplied_to=period.end_on - timedelta(days=1),
            notes=NOTES,
            source=Source(subscription_id=subscription_id, period_start=payer.ended_on),
        )
        invoice, _ = await self._issuing.issue_new(draft, Change(at, SYSTEM))
        last = last_made(period, lines, invoice, payer)
        await self._due.write_periods([last.period], at)
        await self._charging.charge([last], at)

    async def _give_back(self, subscription_id: UUID, unused_minor: int, at: datetime) -> None:
        """Off the newest invoices: what was paid last is what was not used. What refunds have taken off them is not left."""
        for start_on, invoice_id in await self._rest.paid_periods(subscription_id):
            if not unused_minor:
                return
            if invoice_id is None:
                raise PeriodNotInvoiced(f"the period from {start_on.isoformat()} is paid, and its invoice not issued yet")
            unused_minor -= await self._credits.grant(invoice_id, unused_minor, Change(at, SYSTEM))


def _line(line: BilledLine) -> DraftLine:
    return DraftLine(line.name, line.hsn_sac, line.quantity, "NOS", line.unit_price_minor, line.discount_minor, line.tax_rate_bp)
