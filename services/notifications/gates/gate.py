"""What a message must pass right before it is sent: each gate may stop it for good, or hold it back for a while.

Gates look at a whole batch in one or two statements, in the order of `deps.gates`; the first obstacle counts. They run in the
transaction that claims the attempts, so what they read is what holds when the attempt begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.runtime.db import Session


class Candidate(NamedTuple):
    """A message to one recipient over one channel, before its attempt.

    id: of the delivery. to_person: the reference of a known person. address: e-mail address or E.164 number.
    address_hash: of the address, see addresses.py; empty in the app. text: what an SMS says, else None.
    time_zone: the recipient's, where it is known. first: no attempt has been made before. valid_until: it is not sent afterwards.
    """

    id: UUID
    organization_id: UUID | None
    channel: str
    to_person: str | None
    address: str
    address_hash: str
    category: str
    lane: str
    urgent: bool
    template_name: str | None
    subject_key: str | None
    dedupe_key: str | None
    asked_at: datetime
    time_zone: str | None = None
    locale: str | None = None
    text: str | None = None
    first: bool = True
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Not to be sent at all. reason: a stable code such as `suppressed`. words: why, for people, without the address."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Not to be sent before `until`. reason and words as in Stop.

    occasion: of a hold whose end nobody knows and which somebody ends, what tells it from others for the same reason; `until`
    is then when it is looked at again.
    """

    reason: str
    words: str
    until: datetime
    occasion: str | None = None


Obstacle = Stop | Hold


class Gate(Protocol):
    """One rule about who may be sent what, and when."""

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        """What stands in the way of these candidates; those that may pass are missing."""
        ...


class Gates:
    """Gates one behind the other."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = gates

    def __len__(self) -> int:
        return len(self._gates)

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        found: dict[UUID, Obstacle] = {}
        for gate in self._gates:
            open_ones = [candidate for candidate in candidates if candidate.id not in found]
            if open_ones:
                found |= await gate.check(session, open_ones, now)
        return found
