"""Asking an API that may be away for a while: killed, restarting, or asked too often."""

import asyncio
import time
from typing import Any, Final
from uuid import uuid4

import httpx

AGAIN_S: Final = 0.3
PATIENCE_S: Final = 60.0
_LATER: Final = frozenset(
    {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}
)


def is_later(answer: httpx.Response) -> bool:
    """Whether an answer says that the same request may be good later."""
    return answer.status_code in _LATER


async def pause(answer: httpx.Response | None) -> None:
    """Wait for as long as an answer asks for, or a little."""
    await asyncio.sleep(float(answer.headers.get("Retry-After", AGAIN_S)) if answer is not None else AGAIN_S)


class PatientApi:
    """An API as a dispatcher's program calls it: repeated until there is an answer, under one key.

    token: of the caller, where the client has none of its own. patience_s: for how long an API may be away.
    """

    def __init__(self, client: httpx.AsyncClient, token: str | None = None, patience_s: float = PATIENCE_S) -> None:
        self._client = client
        self._patience_s = patience_s
        self._shown = {"Authorization": f"Bearer {token}"} if token is not None else {}

    async def get(self, path: str, **params: Any) -> Any:
        """What there is. Raises httpx.HTTPStatusError, and httpx.TransportError where patience ends without an answer."""
        return (await self.ask("GET", path, params=params)).raise_for_status().json()

    async def make(self, path: str, **fields: Any) -> Any:
        """Make something. Raises as `get` does."""
        headers = {"Idempotency-Key": str(uuid4())}
        return (await self.ask("POST", path, json=fields, headers=headers)).raise_for_status().json()

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, whatever it is."""
        headers = self._shown | request.pop("headers", {})
        deadline = time.monotonic() + self._patience_s
        while True:
            answer: httpx.Response | None = None
            try:
                answer = await self._client.request(method, path, headers=headers, **request)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            if answer is not None and (not is_later(answer) or time.monotonic() > deadline):
                return answer
            await pause(answer)
