"""Changes in the services' task systems, in the name of whoever asked for them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.analytics.owners.errors import NotKnown, OwnerAway, OwnerRefused
from services.analytics.owners.service import Owners
from shared.contracts.lanes import SERVICES
from shared.runtime.errors import ServiceError
from shared.runtime.operations.auth import ON_BEHALF_OF

BUDGET_S = 20.0
"""A purge or a replay of a hundred thousand rows takes longer than a look."""

SENT = "sent"


@dataclass(frozen=True, slots=True)
class Part:
    """What one service made of a change. One of both is None, or both where it had nothing to say."""

    service: str
    said: Any = None
    error: ServiceError | None = None


class Acting:
    """Asks owners for changes. actor: who is behind it; the owners' audits record them."""

    def __init__(self, owners: Owners, actor: str) -> None:
        self._owners = owners
        self._actor = actor

    async def at(self, service: str, path: str, body: Any) -> Any:
        """What one service answers. Raises NotKnown, OwnerRefused and OwnerAway."""
        headers = {ON_BEHALF_OF: self._actor}
        return await self._owners.of(service).call("POST", f"/v1/operations{path}", body=body, headers=headers, budget_s=BUDGET_S)

    async def everywhere(self, path: str, body: Any, services: Sequence[str] = SERVICES) -> list[Part]:
        """What each service answers, in order; what it refuses or does not answer is a part of it."""
        return list(await asyncio.gather(*(self._part(service, path, body) for service in services)))

    async def wherever(self, path: str, body: Any) -> list[Part]:
        """The parts of those services that have done it, one at least.

        Raises OwnerRefused where all that know of it refuse; OwnerAway where it was not done and a service that may have it
        does not answer; NotKnown where nobody knows of it.
        """
        parts = await self.everywhere(path, body)
        if done := [part for part in parts if part.error is None]:
            return done
        refused = [part.error for part in parts if isinstance(part.error, OwnerRefused)]
        away = [part.error for part in parts if isinstance(part.error, OwnerAway)]
        # A producer that has sent it knows only whom to ask.
        for error in (*(one for one in refused if one.extra.get("state") != SENT), *away, *refused):
            raise error
        raise NotKnown("no service knows of it: what is done is kept for 30 days, and the id may be mistyped")

    async def _part(self, service: str, path: str, body: Any) -> Part:
        try:
            return Part(service, said=await self.at(service, path, body))
        except (NotKnown, OwnerRefused, OwnerAway) as error:
            return Part(service, error=error)
