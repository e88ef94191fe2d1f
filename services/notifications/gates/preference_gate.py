"""What the recipient does not want, or wants in a summary."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.notifications.gates.gate import Candidate, Gate, Obstacle, Stop
from services.notifications.gates.repository import GateRepository
from services.notifications.preferences.checks import offers_summaries
from services.notifications.preferences.models import Cadence, Channel, Choice, Key
from shared.runtime.db import Session


class Collectable(NamedTuple):
    """A message whose recipient wants it in a summary. time_zone: in which the recipient has mornings."""

    candidate: Candidate
    cadence: Cadence
    time_zone: str


Collect = Callable[[Session, Sequence[Collectable], datetime], Awaitable[Mapping[UUID, Cadence]]]
"""Keeps messages for their recipients' summaries, and says for which; the same delivery again changes nothing. Those that would
be void before any summary are missing, and are sent at once."""

_DECLINED: Final = Stop("declined", "the recipient has switched this category off for this channel")


class PreferenceGate:
    """Stops what is switched off, and hands over what is to be in a summary.

    What is transactional passes whatever was chosen. What is urgent is not collected but sent. dedupe: stops what would be
    collected or sent for the second time.
    """

    def __init__(self, collect: Collect, dedupe: Gate) -> None:
        self._collect = collect
        self._dedupe = dedupe

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        chosen = await GateRepository(session).chosen(candidates)
        found: dict[UUID, Obstacle] = {}
        wanted: list[Collectable] = []
        for one in candidates:
            said = chosen.get(one.id)
            if said is None:
                continue
            if said.choice is Choice.OFF:
                found[one.id] = _DECLINED
            elif not _is_collectable(one):
                continue
            elif said.digest is Choice.OFF:
                found[one.id] = _DECLINED
            else:
                wanted.append(Collectable(one, Cadence(said.choice), said.time_zone))
        if wanted:
            found |= await self._dedupe.check(session, [one.candidate for one in wanted], now)
        first = [one for one in wanted if one.candidate.id not in found]
        kept = await self._collect(session, first, now) if first else {}
        return found | {key: _digested(cadence) for key, cadence in kept.items()}


def _is_collectable(candidate: Candidate) -> bool:
    """A summary is a person's; and what is urgent, or a summary itself, is not put into one."""
    is_of_kind = offers_summaries(Key(candidate.category, Channel(candidate.channel)))
    return candidate.to_person is not None and not candidate.urgent and is_of_kind


def _digested(cadence: Cadence) -> Stop:
    return Stop("digested", f"the recipient gets this category in the {cadence} summary")
