"""HTTP clients of the running stack, for flows: they wait as long as an API that was asked too often asks them to."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import httpx

TIMEOUT_S: Final = 30.0
_PATIENCE_S: Final = 90.0
_ASKED_WITHOUT_A_TIME_S: Final = 0.25
# Shorter than any server of ours keeps an idle connection, or a request may meet a connection that is being closed.
_IDLE_S: Final = 2.0
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Unhurried(httpx.AsyncHTTPTransport):
    """Sends a request again that was refused for its pace, after the time that the refusal names (429, RFC 6585 §4).

    Such a request has had no effect, so this holds for every method. After a minute and a half the refusal is the answer.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = await super().handle_async_request(request)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            wait_s = float(answer.headers.get("Retry-After", _ASKED_WITHOUT_A_TIME_S))
            if time.monotonic() + wait_s > deadline:
                return answer
            await answer.aclose()
            await asyncio.sleep(wait_s)


def client_of(url: str, headers: Mapping[str, str] = _NO_HEADERS) -> httpx.AsyncClient:
    """A client of the process at a base URL. The caller closes it."""
    unhurried = Unhurried(limits=httpx.Limits(keepalive_expiry=_IDLE_S), trust_env=False)
    return httpx.AsyncClient(base_url=url, headers=dict(headers), timeout=TIMEOUT_S, transport=unhurried, trust_env=False)
