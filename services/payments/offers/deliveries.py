"""Recording what manufacturers deliver: it counts for their scores, and what is owed to them is written into the ledger."""

from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from services.payments.manufacturers.models import MAX_ACTOR
from services.payments.matching.policy_models import local_day
from services.payments.matching.policy_repository import PolicyReader
from services.payments.offers.delivery_repository import DeliveryRepository
from services.payments.offers.errors import (
    DeliveryInFuture,
    LineNotOffered,
    MoreRejectedThanDelivered,
    OfferNotAccepted,
    TooMuchDelivered,
)
from services.payments.offers.models import Delivery, NewDelivery
from services.payments.offers.repository import OfferRepository
from services.payments.offers.schemas import DeliveryIn
from services.payments.offers.service import offer_of
from shared.contracts.money import Money
from shared.runtime.ids import uuid7

SOURCE: Final = "manufacturer_delivery"
"""Of the postings of what is owed; the source's id is the delivery's."""


class Payables(Protocol):
    """What a delivery asks of the ledger."""

    async def owe(self, organization_id: UUID, delivery_id: UUID, amount: Money, *, at: datetime, description: str) -> None:
        """Write down that an organization owes its manufacturer this: Dr manufacturer_costs, Cr manufacturer_payable."""


class Deliveries:
    """Writes deliveries of accepted offers."""

    def __init__(
        self, offers: OfferRepository, deliveries: DeliveryRepository, policies: PolicyReader, payables: Payables
    ) -> None:
        self._offers = offers
        self._policies = policies
        self._deliveries = deliveries
        self._payables = payables

    async def record(self, offer_id: UUID, organization_id: UUID | None, new: DeliveryIn, *, by: str, at: datetime) -> Delivery:
        """Write one down. Raises OfferNotFound, OfferNotAccepted, LineNotOffered, DeliveryInFuture, MoreRejectedThanDelivered
        and TooMuchDelivered."""
        offer = await offer_of(self._offers, offer_id, organization_id)
        # Against a withdrawal at the same moment.
        await self._offers.lock_order(offer.order_id)
        if (await self._offers.lock(offer_id)).status != "accepted":
            raise OfferNotAccepted("only what was accepted is delivered; GET /v1/offers/{id} shows how the offer stands")
        line = next((one for one in offer.lines if one.line_number == new.line_number), None)
        if line is None:
            raise LineNotOffered("the offer has no line of this number; GET /v1/offers/{id} shows its lines")
        if new.delivered_on > local_day(await self._policies.newest(offer.organization_id), at):
            raise DeliveryInFuture("delivered_on lies in the future; record it when it has come")
        if new.rejected > new.quantity:
            raise MoreRejectedThanDelivered("rejected counts some of quantity, so it cannot be more")
        if not await self._deliveries.count(offer_id, new.line_number, new.quantity):
            left = line.quantity - line.delivered_quantity
            raise TooMuchDelivered(f"of the line at most {left} are still to come; record no more of them", left=left)
        delivery = await self._deliveries.record(
            NewDelivery(
                id=uuid7(),
                organization_id=offer.organization_id,
                manufacturer_id=offer.manufacturer_id,
                offer_id=offer_id,
                line_number=new.line_number,
                delivered_on=new.delivered_on,
                quantity=new.quantity,
                rejected=new.rejected,
                on_time=new.delivered_on <= offer.ready_on,
                payable_minor=(new.quantity - new.rejected) * line.unit_price_minor,
                currency=offer.currency,
                recorded_at=at,
                recorded_by=by[:MAX_ACTOR],
            )
        )
        await self._owe(delivery)
        return delivery

    async def _owe(self, delivery: Delivery) -> None:
        if delivery.payable_minor:
            await self._payables.owe(
                delivery.organization_id,
                delivery.id,
                Money(amount_minor=delivery.payable_minor, currency=delivery.currency),
                at=delivery.recorded_at,
                description=f"delivery of {delivery.quantity - delivery.rejected} good units by a manufacturer",
            )
