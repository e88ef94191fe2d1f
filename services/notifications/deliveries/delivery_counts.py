"""Telling those who count messages how many have ended, and how: once for all that were recorded together."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.deliveries.models import DeliveryStatus
from shared.contracts.notifications import DeliveriesEnded, EndedDeliveries
from shared.runtime.db import Session
from shared.runtime.outbox import publish

Ended = tuple[UUID | None, str, DeliveryStatus]
"""Whose message it was, over which channel, and how it has ended."""
_AT_ONCE: Final = 500


def tell_ended(session: Session, ended: Iterable[Ended], at: datetime) -> None:
    """Count these in the session's unit of work; nothing is told of none."""
    for event in _events(Counter(ended), at):
        publish(session, event)


def _events(counts: Counter[Ended], at: datetime) -> Iterator[DeliveriesEnded]:
    lines = [
        EndedDeliveries.model_validate(
            {"organization_id": organization_id, "channel": channel, "status": status.value, "count": count}
        )
        for (organization_id, channel, status), count in counts.items()
    ]
    for start in range(0, len(lines), _AT_ONCE):
        yield DeliveriesEnded(ended=tuple(lines[start : start + _AT_ONCE]), ended_at=at)
