"""One owner's API, called with our own 60-second token."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx

from services.analytics.owners.errors import NotKnown, OwnerAway, OwnerRefused

BUDGET_S: Final = 2.0
"""For one call. Who shows all services shows those that answer in time."""


class OwnerApi:
    """The API of one service. client: as `service_client` makes it; this closes it."""

    def __init__(self, service: str, client: httpx.AsyncClient, budget_s: float = BUDGET_S) -> None:
        self.service = service
        self._client = client
        self._budget_s = budget_s

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer. Raises NotKnown, OwnerRefused and OwnerAway."""
        return await self.call("GET", path, query=query)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        budget_s: float | None = None,
    ) -> Any:
        """The decoded answer of any call; None where the answer is empty. headers: such as an idempotency key."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            async with asyncio.timeout(budget_s if budget_s is not None else self._budget_s):
                # Empty parameters would take away what the path says after its question mark.
                response = await self._client.request(method, path, params=params or None, json=body, headers=headers)
        except TimeoutError:
            raise OwnerAway(f"{self.service} does not answer within {self._budget_s:g} s") from None
        except httpx.HTTPError as error:
            raise OwnerAway(f"{self.service} does not answer ({type(error).__name__})") from None
        return self._decoded(response)

    async def close(self) -> None:
        """Give back connections."""
        await self._client.aclose()

    def _decoded(self, response: httpx.Response) -> Any:
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotKnown(_detail(response) or f"{self.service} knows no such thing")
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise OwnerAway(_detail(response) or f"{self.service} answered {response.status_code}", said=_json(response))
        if response.is_error or response.is_redirect:
            raise OwnerRefused(f"{self.service} refused with {response.status_code}: {_detail(response)}", said=_json(response))
        if not response.content:
            return None
        decoded = _json(response)
        if decoded is None:
            raise OwnerAway(f"{self.service} answered what is no JSON; is its URL right?")
        return decoded


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _detail(response: httpx.Response) -> str:
    said = _json(response)
    return str(said.get("detail") or said.get("title") or "")[:500] if isinstance(said, dict) else ""
