"""What is particular to a channel in the sending: how a letter becomes what a provider takes, and how that is handed over."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

from services.notifications.deliveries.letters import Letter
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.carriers import Carrier
from services.notifications.sms.price_models import Price
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session
from shared.runtime.outcomes import Outcome

Out = TypeVar("Out")

BEGIN_S: Final = 20.0
"""How long after its claim a batch starts calls; see shared/runtime/inbox/effect.py."""
TURN_S: Final = 4.0
"""A batch starts calls for 20 s and a provider has 25 s for one, which leaves so much of the 50 s that a delivery may take."""


class Attempt(NamedTuple):
    """One attempt, committed and not yet called.

    message_id_header: of an e-mail. tries: how many counted so far, this one included. unknown_since: when the first of those
    attempts began of which nobody knows whether they have sent the message; None where there is none. soft_tries: how many the
    recipient has put off. asked_at: when it was published. waited: for how long no account has taken it. now: when the attempt
    was claimed.
    """

    delivery_id: UUID
    number: int
    message: ChannelSend
    letter: Letter
    message_id_header: str | None
    tries: int
    max_retries: int
    urgent: bool
    bulk: bool
    unknown_since: datetime | None
    soft_tries: int
    asked_at: datetime
    waited: timedelta
    now: datetime


class Fitting(NamedTuple):
    """A message for which an account is looked for. kinds: of the providers that its route leads to."""

    delivery_id: UUID
    message: ChannelSend
    letter: Letter
    kinds: Set[str]


class Channel(Protocol[Out]):
    """One channel. name: as deliveries have it. domain: of the sender, for the Message-ID of e-mails. comes_back: what a provider
    has taken may turn out not to have arrived, and is sent again."""

    name: str
    domain: str
    comes_back: bool

    async def unfit(self, session: Session, asked: Sequence[Fitting]) -> Mapping[UUID, Set[str]]:
        """Which kinds of providers cannot carry these messages, whatever is tried; what all can carry is missing."""
        ...

    async def outgoing(self, session: Session, attempts: Sequence[tuple[Attempt, Carrier[Out]]]) -> Mapping[UUID, Out]:
        """What the accounts' providers take, by the deliveries' ids."""
        ...

    def latest_start_s(self, attempt: Attempt) -> float:
        """How long after its batch was claimed the call may still begin."""
        ...

    async def prepared(self, attempt: Attempt, outgoing: Out) -> Out | Outcome:
        """With what is only fetched for the call, or what follows where that cannot be had."""
        ...

    async def send(self, attempt: Attempt, outgoing: Out, carrier: Carrier[Out]) -> Answer:
        """Hand it over. Never raises for what happens outside."""
        ...

    def segments(self, letter: Letter) -> int | None:
        """Of an SMS."""
        ...

    def estimate(self, letter: Letter) -> Price | None:
        """What an SMS should cost, where that is known."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


async def in_turn(carrier: Carrier[Out], outgoing: Out) -> Answer:
    """Send once the account has room for it, which is waited for shortly: a slow account must not hold up its whole batch."""
    if not await _has_turn(carrier.slots):
        return Answer(Verdict.TRANSIENT, "the account was busy with others", reached=False)
    try:
        return await carrier.provider.send(outgoing)
    finally:
        carrier.slots.release()


async def _has_turn(slots: asyncio.Semaphore) -> bool:
    if not slots.locked():
        # As nearly always. A timer would cost more than all else here.
        return await slots.acquire()
    try:
        async with asyncio.timeout(TURN_S):
            return await slots.acquire()
    except TimeoutError:
        return False
