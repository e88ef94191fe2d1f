"""What was sent before under the same key."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.notifications.gates.gate import Candidate, Obstacle, Stop
from services.notifications.gates.repository import GateRepository, recipient_of
from shared.runtime.db import Session

_DUPLICATE: Final = Stop("duplicate", "another message under the same dedupe key went to this recipient before")


class DedupeGate:
    """Lets the first message under a key to a recipient over a channel pass, again and again, and stops every other one.

    The key belongs to its message from the commit of the claim on, so of two batches at once the later one waits and sees it.
    It counts for the organization's `dedupe_hours`, 30 days by default; a message that has failed or was dropped leaves
    it to the next, unless it stands in its recipient's digest or has arrived all the same. One of which nobody knows whether it
    went out keeps it for six hours, in which most reports come.
    """

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        keyed = [one for one in candidates if one.dedupe_key is not None and recipient_of(one)]
        if not keyed:
            return {}
        firsts: dict[Any, Candidate] = {}
        for one in sorted(keyed, key=lambda one: (one.asked_at, one.id)):
            firsts.setdefault((one.dedupe_key, recipient_of(one), one.channel, one.organization_id), one)
        gates = GateRepository(session)
        taken = await gates.take_keys(list(firsts.values()), now)
        # Nearly all keys are new. A candidate that comes again has its own already, which only a look can tell.
        others = [one for one in keyed if one.id not in taken]
        holders = await gates.holders(others) if others else {}
        return {one.id: _DUPLICATE for one in others if holders.get(one.id) != one.id}
