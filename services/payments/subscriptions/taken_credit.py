"""Credit for unused days that a delivery has taken and that is open again once the delivery is cancelled."""

from uuid import UUID

from services.payments.subscriptions.taken_repository import TakenRepository
from shared.contracts.payments import SettleSubscription
from shared.runtime.outbox import Publisher


class DeliveryCredit:
    """A `TakenCredit`. A period that came to nothing has given all of it back before."""

    def __init__(self, taken: TakenRepository, publisher: Publisher) -> None:
        self._taken = taken
        self._publisher = publisher

    async def give_back(self, subscription_id: UUID, order_id: UUID, amount_minor: int) -> None:
        """What was taken last goes back first. Where the subscription is over, no further period would take it."""
        known, back = await self._taken.hold(order_id), dict[UUID, int]()
        left = min(amount_minor, -sum(known.values()))
        for key, taken in sorted(known.items(), reverse=True):
            if left > 0 and taken < 0:
                back[key] = min(left, -taken)
                left -= back[key]
        if not back:
            return
        kept = {key: taken + back.get(key, 0) for key, taken in known.items()}
        await self._taken.give_back(order_id, back, kept)
        self._publisher.publish(SettleSubscription(subscription_id=subscription_id))
