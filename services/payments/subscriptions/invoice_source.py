"""Periods as something that is invoiced: what was billed for some days. One that delivers is invoiced as its order."""

from datetime import timedelta
from typing import Any, Final, get_args

from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.errors import SourceNotBillable, SourceNotFound
from services.payments.invoices.models import DraftLine, InvoiceDraft, Source
from services.payments.subscriptions.repository import SubscriptionReader
from services.payments.tax.models import SupplyKind

_NOTHING_OWED: Final = frozenset({"void", "skipped"})


class PeriodSource:
    """Works in one unit of work."""

    def __init__(self, subscriptions: SubscriptionReader, buyers: BuyerReader) -> None:
        self._subscriptions = subscriptions
        self._buyers = buyers

    async def draft(self, source: Source) -> InvoiceDraft:
        """What a period comes to, with what was paid for it. Raises SourceNotFound and SourceNotBillable."""
        assert source.subscription_id is not None, "that is what makes it a period"
        assert source.period_start is not None, "as above"
        period = await self._subscriptions.lock_period(source.subscription_id, source.period_start)
        if period is None:
            raise SourceNotFound("the subscription has no period that begins on this day")
        if period.order_id is not None:
            raise SourceNotBillable(f"the period is invoiced as its order; name order_id {period.order_id}")
        if period.status in _NOTHING_OWED:
            raise SourceNotBillable(f"the period is {period.status}, so nothing is owed for it")
        buyer = await self._buyers.find(period.customer_id, organization_id=period.organization_id)
        assert buyer is not None, "a foreign key keeps it"
        kinds: tuple[SupplyKind, ...] = get_args(SupplyKind)
        return InvoiceDraft(
            organization_id=period.organization_id,
            customer_id=period.customer_id,
            legal_entity_id=period.legal_entity_id,
            buyer=buyer,
            currency=period.currency,
            lines=[_line(line) for line in period.lines],
            place_of_supply=period.place_of_supply,
            supply_kind=next((kind for kind in kinds if kind == period.supply_kind), "domestic"),
            supplied_from=period.start_on,
            supplied_to=period.end_on - timedelta(days=1),
            source=source,
            prepaid_minor=period.total_minor if period.status == "paid" else 0,
            expected_total_minor=period.total_minor,
        )


def _line(line: dict[str, Any]) -> DraftLine:
    price, off = line["unit_price_minor"], line["discount_minor"]
    return DraftLine(line["name"], line["hsn_sac"], line["quantity"], "NOS", price, off, line["tax_rate_bp"])
