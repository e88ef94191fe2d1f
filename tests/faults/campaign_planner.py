"""Somebody who plans a campaign over HTTP, and asks again whenever no answer comes."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx

from shared.testing.process import ApiProcess
from tests.faults.world import World

ANSWERED_WITHIN_S: Final = 40.0
_AGAIN_AFTER_S: Final = 0.2
PATH: Final = "/v1/campaigns"
TEMPLATE: Final = "campaign_newsletter"
CONTEXT: Final = {"headline": "Ship more this Diwali", "intro": "Ten percent off every lane, until the end of the month."}


class Planner:
    """One campaign of one person, by the API that is given."""

    def __init__(self, world: World, api: ApiProcess) -> None:
        self._http = httpx.AsyncClient(
            base_url=api.url,
            headers={"Authorization": f"Bearer {world.keys.token(scopes=('notifications:read', 'notifications:write'))}"},
            timeout=20,
        )
        world.closing.push_async_callback(self._http.aclose)
        self._id: UUID | None = None

    @property
    def campaign_id(self) -> UUID:
        """Known once there is a draft."""
        assert self._id is not None, "the draft comes first"
        return self._id

    async def draft(self, segment: Mapping[str, str] | None, per_minute: int | None) -> None:
        """A campaign to a segment; None for a list."""
        facts = {"name": "Diwali", "channel": "email", "template_name": TEMPLATE, "context": CONTEXT}
        body = {**facts, "segment": segment, "per_minute": per_minute}
        self._id = UUID((await self._ask("POST", PATH, json=body, headers={"Idempotency-Key": "diwali"})).json()["id"])

    async def upload(self, addresses: Iterable[str]) -> Mapping[str, Any]:
        """Put the list in the place of the one before. What became of it."""
        tag = (await self._ask("GET", self._path)).headers["ETag"]
        headers = {"If-Match": tag, "Content-Type": "text/csv"}
        content = "\n".join(["to_email", *addresses]).encode()
        answer: dict[str, Any] = (await self._ask("PUT", f"{self._path}/recipients", content=content, headers=headers)).json()
        return answer

    async def act(self, action: str) -> None:
        """start, pause or resume."""
        body = {"json": {"reason": "a look at the figures"}} if action == "pause" else {}
        await self._ask("POST", f"{self._path}/{action}", **body)

    async def read(self) -> Mapping[str, Any]:
        """The campaign with its progress."""
        found: dict[str, Any] = (await self._ask("GET", self._path)).json()
        return found

    @property
    def _path(self) -> str:
        return f"{PATH}/{self.campaign_id}"

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer. Whoever is not answered, or told that it is not possible now, asks the same again."""
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        while True:
            try:
                answer = await self._http.request(method, path, **request)
                if not answer.is_server_error or time.monotonic() > deadline:
                    answer.raise_for_status()
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_AGAIN_AFTER_S)
