"""What flows ask of the APIs: one thing, a whole list, or the same again until it will do."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import httpx

T = TypeVar("T")

TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.25
_NO_PARAMS: Final[Mapping[str, str]] = {}


async def read(client: httpx.AsyncClient, path: str, params: Mapping[str, str] = _NO_PARAMS) -> Any:
    """The decoded answer. Raises httpx.HTTPError."""
    return (await client.get(path, params=dict(params))).raise_for_status().json()


async def read_all(
    client: httpx.AsyncClient, path: str, params: Mapping[str, str], *, until: Callable[[dict[str, Any]], bool] | None = None
) -> list[dict[str, Any]]:
    """Every item of a list, page by page. until: ends it with the page that holds such an item."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await read(client, path, {**params, **({"cursor": str(cursor)} if cursor else {})})
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None or (until is not None and any(map(until, page["items"]))):
            return found


async def ask_until(ask: Callable[[], Awaitable[T]], met: Callable[[T], bool], *, timeout_s: float = TIMEOUT_S) -> T:
    """Ask until the answer will do; after the time-out whatever the answer is, for the checks to judge."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = await ask()
        if met(answer) or time.monotonic() >= deadline:
            return answer
        await asyncio.sleep(POLL_S)
