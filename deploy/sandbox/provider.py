"""What a provider is to the rest of the sandbox. A new one is a folder with such a class, and a line in `providers.py`."""

from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter

from deploy.sandbox.changes import Changes
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.settings import Settings
from deploy.sandbox.timers import Timers


@dataclass(frozen=True, slots=True)
class Core:
    """What all providers share."""

    settings: Settings
    changes: Changes
    ledger: Ledger
    timers: Timers


class Provider(Protocol):
    """A stand-in for one outside system."""

    name: str
    faults: FaultBoard[Any]

    def router(self) -> APIRouter:
        """Its HTTP routes, the provider's own paths among them."""

    async def start(self) -> None:
        """Begin to listen. A port that is taken ends the process with a sentence."""

    async def check(self) -> None:
        """Raise the reason why it would not serve a client, asked as a client asks."""

    async def stop(self) -> None:
        """Stop listening and let nobody hang."""

    def facts(self) -> dict[str, Any]:
        """What its users must know to reach it; shown by /readyz and on the page. No secrets."""
