"""Nobody on the suppression list is written to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.gates.gate import Candidate, Obstacle, Stop
from services.notifications.suppressions.models import Reason
from services.notifications.suppressions.repository import Asked, SuppressionReader
from shared.runtime.db import Session

SUPPRESSED: Final = "suppressed"

_WORDS: Final = {
    Reason.HARD_BOUNCE: "messages to the recipient have come back for good",
    Reason.INVALID_NUMBER: "the recipient's number cannot take messages",
    Reason.OPTED_OUT: "the recipient has said STOP",
    Reason.SOFT_BOUNCES: "messages to the recipient have come back too often, and it is left alone for a while",
    Reason.MANUAL: "the recipient was put on the list by hand",
    Reason.IMPORTED: "the recipient was on a list that was imported",
    Reason.DO_NOT_CALL: "the recipient's number is on a register of those who want no advertising",
    Reason.COMPLAINT: "the recipient has called a message spam",
    Reason.UNSUBSCRIBED: "the recipient has unsubscribed",
}


class SuppressionGate:
    """Stops what the suppression list forbids; see `models.Reason` for what each reason stops. One statement per batch."""

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        asked = [
            Asked(one.id, one.channel, one.address_hash, one.organization_id, one.category)
            for one in candidates
            if one.address_hash
        ]
        if not asked:
            return {}
        found = await SuppressionReader(session).stopping(asked, now)
        return {key: Stop(SUPPRESSED, f"on the suppression list: {_WORDS[reason]}") for key, reason in found.items()}
