"""What manufacturers have delivered."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.offers.models import Delivery, NewDelivery
from shared.runtime.db import ReadSession, Session

# The condition is the lock: of two who deliver the last units at once, one finds none left.
_COUNT: Final = text("""
    UPDATE match_offer_lines SET delivered_quantity = delivered_quantity + :quantity
     WHERE offer_id = :offer_id AND line_number = :line_number AND delivered_quantity + :quantity <= quantity
    RETURNING 1
""")
_RECORD: Final = text("""
    WITH delivered AS (
        INSERT INTO manufacturer_deliveries (id, organization_id, manufacturer_id, offer_id, line_number, delivered_on, quantity,
                                             rejected, on_time, payable_minor, currency, recorded_at, recorded_by)
        VALUES (:id, :organization_id, :manufacturer_id, :offer_id, :line_number, :delivered_on, :quantity, :rejected, :on_time,
                :payable_minor, :currency, :recorded_at, :recorded_by)
        RETURNING *
    ), counted AS (
        INSERT INTO manufacturer_records AS known (manufacturer_id, deliveries, on_time, units, rejected)
        SELECT manufacturer_id, 1, CAST(on_time AS integer), quantity, rejected FROM delivered
        ON CONFLICT (manufacturer_id) DO UPDATE
           SET deliveries = known.deliveries + 1, on_time = known.on_time + excluded.on_time,
               units = known.units + excluded.units, rejected = known.rejected + excluded.rejected
    )
    SELECT * FROM delivered
""")


class DeliveryReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_offer(self, offer_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Delivery]:
        """The deliveries of an offer, the first one first."""
        query = select(Delivery).where(Delivery.offer_id == offer_id).order_by(Delivery.id).limit(limit)
        if after is not None:
            query = query.where(Delivery.id > after)
        return (await self._session.scalars(query)).all()


class DeliveryRepository(DeliveryReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def count(self, offer_id: UUID, line_number: int, quantity: int) -> bool:
        """Count units of a line as delivered; False where that would be more than was ordered."""
        bound = {"offer_id": offer_id, "line_number": line_number, "quantity": quantity}
        return await self._writer.scalar(_COUNT, bound) is not None

    async def record(self, delivery: NewDelivery) -> Delivery:
        """Write a delivery, and what it says of its manufacturer."""
        bound: dict[str, Any] = {name: getattr(delivery, name) for name in delivery.__slots__}
        written: Delivery = (await self._writer.scalars(select(Delivery).from_statement(_RECORD), bound)).one()
        return written
