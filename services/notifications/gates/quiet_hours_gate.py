"""When the recipient wants no messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.categories.models import ACCOUNT
from services.notifications.gates.gate import Candidate, Hold, Obstacle
from services.notifications.gates.repository import GateRepository
from services.notifications.preferences.models import Channel
from services.notifications.preferences.quiet_hours import quiet_until
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
        for key, silence in (await GateRepository(session).silences(heard)).items():
            until = quiet_until(now, silence.time_zone, silence.quiet, silence.paused_until)
            if until is not None:
                found[key] = Hold("quiet_hours", _WORDS, until)
        return found
