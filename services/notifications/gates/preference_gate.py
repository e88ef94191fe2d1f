"""What the recipient does not want, or wants in the daily summary."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.gates.gate import Candidate, Obstacle, Stop
from services.notifications.gates.repository import Chosen, GateRepository
from services.notifications.preferences.checks import offers_daily
from services.notifications.preferences.models import Channel, Choice, Key
from shared.runtime.db import Session

Collect = Callable[[Session, Sequence[Candidate]], Awaitable[None]]
"""Keeps candidates for their recipients' daily summaries; the same delivery again changes nothing."""

_DECLINED: Final = Stop("declined", "the recipient has switched this category off for this channel")
_DIGESTED: Final = Stop("digested", "the recipient gets this category in the daily summary")


class PreferenceGate:
    """Stops what is switched off, and hands over what is to be in the daily summary.

    What is transactional passes whatever was chosen. What is urgent is not collected but sent.
    """

    def __init__(self, collect: Collect) -> None:
        self._collect = collect

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:  # noqa: ARG002 - the gates' common form
        chosen = await GateRepository(session).chosen(candidates)
        asked = [one for one in candidates if one.id in chosen]
        found = {one.id: stop for one in asked if (stop := _stop(one, chosen[one.id])) is not None}
        digested = [one for one in candidates if found.get(one.id) is _DIGESTED]
        if digested:
            await self._collect(session, digested)
        return found


def _stop(candidate: Candidate, chosen: Chosen) -> Stop | None:
    if chosen.choice is Choice.OFF:
        return _DECLINED
    # A summary is a person's; and what is urgent, or the summary itself, is not put into one.
    collectable = candidate.to_person is not None and offers_daily(Key(candidate.category, Channel(candidate.channel)))
    if candidate.urgent or not collectable:
        return None
    return _DIGESTED if chosen.digest is not Choice.OFF else _DECLINED
