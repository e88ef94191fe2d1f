"""Dropping what was cancelled while it waits, so that whoever asked for it hears so at once and not when its turn comes."""

from collections.abc import Sequence, Set
from datetime import datetime
from uuid import UUID

from services.notifications.cancellations.repository import Asked, CancellationReader, Covering
from services.notifications.deliveries.delivery_tell import tell_finished
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.note_repository import NoteRepository, skipped
from services.notifications.deliveries.outcomes import CANCELLED
from services.notifications.deliveries.repository import DeliveryRepository, DeliveryResult, QueuedDelivery
from shared.runtime.db import Session
from shared.runtime.inbox import store


class DroppedDeliveries:
    """Ends deliveries in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._deliveries = DeliveryRepository(session)
        self._cancellations = CancellationReader(session)

    async def drop_cancelled(self, ids: Sequence[UUID], now: datetime) -> Set[UUID]:
        """Drop those of these that wait for an attempt and are covered by a cancellation; returns which.

        Their rows are locked before the cancellations are looked at. So of a cancellation and an attempt that is recorded at
        the same time, whichever comes second sees the other, and nothing that is cancelled goes on waiting.
        """
        waiting = {one.id: one for one in await self._deliveries.locked_queued(ids)} if ids else {}
        if not waiting:
            return set()
        asked = [Asked(one.id, one.organization_id, one.subject_key, one.asked_at) for one in waiting.values()]
        covering = await self._cancellations.covering(asked)
        if not covering:
            return set()
        results = [_dropped(waiting[key], covering[key], now) for key in sorted(covering)]
        await self._deliveries.finish(results, [])
        notes = [skipped(key, CANCELLED, words_for(why)) for key, why in covering.items()]
        await NoteRepository(self._session).note(notes, now)
        for result in results:
            tell_finished(self._session, waiting[result.id].requester, result, now)
        # Its message finds the delivery ended, and ends as well.
        await store.hurry(self._session, [result.id for result in results])
        return covering.keys()


def words_for(covering: Covering) -> str:
    """Why a delivery is dropped, as everybody is told."""
    return f"cancelled: {covering.reason}"


def _dropped(one: QueuedDelivery, covering: Covering, now: datetime) -> DeliveryResult:
    return DeliveryResult(
        one.id, DeliveryStatus.DROPPED, one.retries, now, words_for(covering), covering.cancelled_at, reason=CANCELLED
    )
