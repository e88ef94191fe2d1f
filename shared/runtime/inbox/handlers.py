"""The two shapes of a handler.

Light: inbox rows, effect and follow-ups in one transaction per batch.
Effect (money, mail, SMS, HTTP): claim under a lease, call outside any transaction, record while the lease is ours.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from shared.contracts.message import Message
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome

if TYPE_CHECKING:
    from shared.runtime.process import ProcessRuntime

M = TypeVar("M", bound=Message)
W = TypeVar("W")


class Effect(Protocol[M, W]):
    """What a message does to the outside world. Lives as long as its process, and owns its connections."""

    @property
    def concurrency(self) -> int:
        """How many calls may be under way at once in one process."""
        ...

    async def claim(self, session: Session, received: Sequence[Received[M]]) -> Sequence[W | Outcome]:
        """For each message, in order: the work to call with, or an outcome that is clear without a call.

        Commits attempt rows with their idempotency keys before anything leaves the house.
        """
        ...

    async def call(self, work: W) -> Outcome:
        """Do it. No transaction is open; the provider's own time-outs are kept here."""
        ...

    async def record(self, session: Session, results: Sequence[tuple[Received[M], W | None, Outcome]]) -> None:
        """Write what came of it. Only for messages whose lease is still ours, and with the final outcome: a retry
        beyond the last has become a failure. `work` is None where the message died without a call; the outcome is
        NOT_REACHED where there is work and no call, so that what the claim has begun can be taken back."""
        ...

    async def close(self) -> None:
        """Give back connections when the process ends."""
        ...


@dataclass(frozen=True, slots=True)
class LightHandler(Generic[M]):
    """handle: carries out a whole batch inside the session's transaction, and returns an answer per message or None."""

    message_type: type[M]
    handle: Callable[[Session, Sequence[Received[M]]], Awaitable[Sequence[Any] | None]]


@dataclass(frozen=True, slots=True)
class EffectHandler(Generic[M, W]):
    """build: makes the effect inside the worker process, on its event loop."""

    message_type: type[M]
    build: "Callable[[ProcessRuntime], Effect[M, W]]"


Handler = LightHandler[Any] | EffectHandler[Any, Any]
