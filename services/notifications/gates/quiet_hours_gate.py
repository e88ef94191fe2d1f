"""When the recipient wants no messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.categories.models import ACCOUNT
from services.notifications.gates.gate import Candidate, Hold, Obstacle
from services.notifications.gates.repository import GateRepository, Silence
from services.notifications.preferences.models import Channel
from services.notifications.preferences.quiet_hours import quiet_until
from services.notifications.sms.numbers import zone_of
from shared.runtime.db import Session

_WORDS: Final = "the recipient's quiet hours or pause; it is sent when they end"


class QuietHoursGate:
    """Holds messages until the recipient's quiet hours and pause have ended.

    What is urgent or about the account is not held, and nothing in the app, where it disturbs nobody.
    """

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        heard = [one for one in candidates if not one.urgent and one.channel != Channel.IN_APP and one.category != ACCOUNT]
        if not heard:
            return {}
        found: dict[UUID, Obstacle] = {}
        silences = await GateRepository(session).silences(heard)
        for one in heard:
            silence = silences.get(one.id)
            if silence is None:
                continue
            until = quiet_until(now, _zone(one, silence, now), silence.quiet, silence.paused_until)
            if until is not None:
                found[one.id] = Hold("quiet_hours", _WORDS, until)
        return found


def _zone(candidate: Candidate, silence: Silence, now: datetime) -> str:
    """Where nobody has told one, that of the number: a bare number is known to be somewhere."""
    of_number = zone_of(candidate.address, now) if candidate.channel == Channel.SMS and not silence.is_told else None
    return of_number or silence.time_zone
