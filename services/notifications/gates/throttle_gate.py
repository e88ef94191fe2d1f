"""How much of one category a recipient is sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.gates.gate import Candidate, Obstacle, Stop
from services.notifications.gates.repository import Counted, GateRepository
from shared.runtime.db import Session

_THROTTLED: Final = Stop("throttled", "the recipient has had as much of this category as the organization allows")


class ThrottleGate:
    """Stops what goes over the organization's limit per recipient, category, hour and day. What is transactional passes, and so
    does what goes into the app, where it disturbs nobody.

    A message that was tried before passes: it has been counted. Batches that look at the same moment do not see each other, so
    a limit may be passed by as many messages as there are such batches: it spares people, and guarantees nothing.
    """

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        new = [one for one in candidates if one.first and one.address_hash and one.organization_id is not None]
        if not new:
            return {}
        counted = await GateRepository(session).counted(new, now)
        passed: Counter[tuple[UUID | None, str, str]] = Counter()
        found: dict[UUID, Obstacle] = {}
        for one in sorted(new, key=lambda one: (one.asked_at, one.id)):
            about = (one.organization_id, one.address_hash, one.category)
            if one.id in counted and _is_full(counted[one.id], passed[about]):
                found[one.id] = _THROTTLED
            else:
                passed[about] += 1
        return found


def _is_full(counted: Counted, passed: int) -> bool:
    hour = counted.per_hour is not None and counted.last_hour + passed >= counted.per_hour
    return hour or (counted.per_day is not None and counted.last_day + passed >= counted.per_day)
