"""Dead letters of all services, on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from shared.contracts.lanes import SERVICES
from shared.runtime.operations.dead_letters.schemas import DeadLetterGroup, Discard, Replay, Settled


def _services(given: list[str]) -> list[str]:
    if unknown := sorted(set(given) - set(SERVICES)):
        raise ValueError(f"there is no service called {', '.join(unknown)}; choose from {', '.join(SERVICES)}")
    return list(dict.fromkeys(given))


Services = Annotated[
    list[str], AfterValidator(_services), Field(max_length=10, description="Only of these services; of all where none is given.")
]


class ServiceGroup(DeadLetterGroup):
    """Letters of one service that died of the same cause."""

    service: str


class SilentOwner(BaseModel):
    """A service that does not answer: its letters are not known."""

    service: str
    problem: str


class LetterGroupsOut(BaseModel):
    """All causes, the one that killed last first."""

    open: int = Field(description="All letters that want a decision, of those services that answered.")
    is_complete: bool = Field(description="Whether every service answered with all of its groups.")
    unknown: list[SilentOwner]
    items: list[ServiceGroup]


class ReplayMany(Replay):
    """Which letters to replay, of which services, and how fast in each."""

    services: Services = Field(default_factory=list)


class DiscardMany(Discard):
    """Which letters to discard, of which services."""

    services: Services = Field(default_factory=list)


class ServiceSettled(BaseModel):
    """What became of a selection in one service."""

    service: str
    settled: Settled | None
    problem: str | None


class SettledEverywhere(BaseModel):
    """What became of a selection."""

    matched: int
    settled: int
    by_hand: int
    left: int
    is_complete: bool
    parts: list[ServiceSettled]


class LetterSettled(BaseModel):
    """What became of one letter."""

    letter_id: UUID
    status: Literal["replayed", "discarded"]
    message_id: UUID | None = Field(description="Of the message that goes out again; a new one where it was edited.")
