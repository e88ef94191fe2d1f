"""What is particular to a channel in the sending: how a letter becomes what a provider takes, and how that is handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.notifications.deliveries.letters import Letter
from services.notifications.providers.answers import Answer
from services.notifications.providers.carriers import Carrier
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session

Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, committed and not yet called.

    message_id_header: of an e-mail. tries: how many counted so far, this one included. after_unknown: nobody knows whether the
    attempt before has been sent. asked_at: when the message was published. now: when the attempt was claimed.
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
    after_unknown: bool
    asked_at: datetime
    now: datetime


class Channel(Protocol[Out]):
    """One channel. name: as deliveries have it. domain: of the sender, for the Message-ID of e-mails."""

    name: str
    domain: str

    async def outgoing(self, session: Session, attempts: Sequence[tuple[Attempt, Carrier[Out]]]) -> Mapping[UUID, Out]:
        """What the accounts' providers take, by the deliveries' ids."""
        ...

    async def send(self, attempt: Attempt, outgoing: Out, carrier: Carrier[Out]) -> Answer:
        """Hand it over. Fetches what is only fetched for the call. Never raises for what happens outside."""
        ...

    def segments(self, letter: Letter) -> int | None:
        """Of an SMS."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


async def in_turn(carrier: Carrier[Out], outgoing: Out) -> Answer:
    """Send once the provider has room for it. Waiting for that is not part of the provider's own time-out."""
    async with carrier.slots:
        return await carrier.provider.send(outgoing)
