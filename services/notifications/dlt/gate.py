"""The hours in which promotional and service-explicit SMS may go to Indian numbers (TRAI's TCCCPR; DLT code 651)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.categories.models import About, LegalClass
from services.notifications.categories.repository import CategoryReader
from services.notifications.dlt.models import DAYTIME_ONLY, DltClass
from services.notifications.dlt.registry import Match, Registry, SmsText
from services.notifications.gates.gate import Candidate, Hold, Obstacle
from shared.runtime.db import Session

INDIA: Final = ZoneInfo("Asia/Kolkata")
OPENS: Final = time(10)
CLOSES: Final = time(21)
ON_THE_WAY: Final = timedelta(minutes=1)
"""How long before the end nothing is begun any more: a call comes up to 22 s after its claim, and takes its time."""
_CLASSES: Final = {
    LegalClass.TRANSACTIONAL: DltClass.SERVICE_IMPLICIT,
    LegalClass.SERVICE: DltClass.SERVICE_EXPLICIT,
    LegalClass.MARKETING: DltClass.PROMOTIONAL,
}
_WORDS: Final = "SMS of this class may go to India from 10:00 to 21:00 only; it is sent when the hours begin"


class DltGate:
    """Holds SMS to +91 outside of the hours, by the class of the registered text that each is; without one, by its category.

    What is urgent is held as well: the operators refuse it. A category that nobody has declared counts as a service.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        until = opens_at(now) or opens_at(now + ON_THE_WAY)
        indian = [one for one in candidates if one.channel == "sms" and one.address.startswith("+91")]
        if until is None or not indian:
            return {}
        texts = [SmsText(one.id, one.organization_id, one.template_name, one.locale, one.text) for one in indian if one.text]
        found = await self._registry.matches(session, texts)
        matched = {key: one.dlt_class for key, one in found.items() if isinstance(one, Match)}
        others = {one.id: About(one.category, one.organization_id, one.to_person) for one in indian if one.id not in matched}
        laws = await CategoryReader(session).laws(set(others.values()))
        classes = {key: _CLASSES[laws[about].legal_class] for key, about in others.items()} | matched
        return {key: Hold("dlt_window", _WORDS, until) for key, one in classes.items() if one in DAYTIME_ONLY}


def opens_at(now: datetime) -> datetime | None:
    """When the hours begin again; None while they last: from 10:00:00, and until right before 21:00:00."""
    local = now.astimezone(INDIA)
    if OPENS <= local.time() < CLOSES:
        return None
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, INDIA)
