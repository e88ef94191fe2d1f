"""Orders as something that is invoiced: what was ordered and not cancelled, at the prices that the customer has seen."""

from typing import get_args

from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.errors import SourceNotBillable, SourceNotFound
from services.payments.invoices.models import DraftLine, InvoiceDraft, Source
from services.payments.invoices.order_repository import Order, OrderLine, OrderRepository
from services.payments.legal_entities.models import Address
from services.payments.money.allocation import allocate
from services.payments.tax.models import SupplyKind

_NOTHING_OWED = frozenset({"draft", "cancelled"})


class OrderSource:
    """Works in one unit of work."""

    def __init__(self, orders: OrderRepository, buyers: BuyerReader) -> None:
        self._orders = orders
        self._buyers = buyers

    async def draft(self, source: Source) -> InvoiceDraft:
        """What an order comes to, with what was paid on it. Raises SourceNotFound and SourceNotBillable."""
        assert source.order_id is not None, "that is what makes it an order"
        order = await self._orders.lock(source.order_id)
        if order is None:
            raise SourceNotFound("there is no order with this id; GET /v1/orders lists them")
        if order.status in _NOTHING_OWED:
            raise SourceNotBillable(f"the order is {order.status}, so nothing is owed for it")
        address = order.delivery.get("address")
        delivery = Address.model_validate(address) if address else None
        buyer = await self._buyers.find(order.customer_id, organization_id=order.organization_id, delivery=delivery)
        assert buyer is not None, "a foreign key keeps it"
        return InvoiceDraft(
            organization_id=order.organization_id,
            customer_id=order.customer_id,
            legal_entity_id=order.legal_entity_id,
            buyer=buyer,
            currency=order.currency,
            lines=[_line(line) for line in order.lines if line.quantity > line.cancelled_quantity],
            place_of_supply=order.place_of_supply,
            supply_kind=_supply_kind(order),
            notes=f"Order {order.number}",
            source=source,
            prepaid_minor=order.received_minor,
            expected_total_minor=order.total_minor,
        )


def _line(line: OrderLine) -> DraftLine:
    left = line.quantity - line.cancelled_quantity
    # As cancelling splits it, so that the invoice comes to what the order is.
    discount, _ = allocate(line.discount_minor, [left, line.cancelled_quantity])
    return DraftLine(line.name, line.hsn_sac, left, "NOS", line.unit_price_minor, discount, line.tax_rate_bp, line.number)


def _supply_kind(order: Order) -> SupplyKind:
    """That of the order; a seller without a GSTIN has the plain one."""
    kinds: tuple[SupplyKind, ...] = get_args(SupplyKind)
    return next((kind for kind in kinds if kind == order.supply_kind), "domestic")
