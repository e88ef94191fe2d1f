"""Calls of a provider's HTTP API, and what is known of a mail where a call ends without an answer."""

import asyncio
import logging
import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import IntEnum
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.notifications.providers.answers import MAX_DETAIL_CHARS, Answer, Verdict

logger = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
CALL_S: Final = 25.0
"""For one mail, or one batch of mails, waiting for a connection included."""
IDLE_S: Final = 20.0
"""Shorter than load balancers keep a connection: one that they end while a request travels leaves its mail unknown."""
AWAY_S: Final = 15.0
THROTTLED_S: Final = 60.0
CONFIG_S: Final = 300.0
"""How long a provider that refuses our account is left alone."""
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),:;\[\]]+@[^\s<>\"'(),:;\[\]]+")


class Stage(IntEnum):
    """How far a call has come. Only a request that has left us whole can have been acted on."""

    CONNECT = 0
    REQUEST = 1
    SENT = 2


class HttpApi:
    """One provider's API. Lives as long as its process.

    base_url: with the path in front of all paths, where there is one. connections: at most so many at once. headers: of every
    request. time_factor: shrinks every timer in tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self.time_factor = time_factor
        # What waits for a connection waits here: httpcore looks through all that wait in its own pool at every step of each call.
        self._turns = asyncio.Semaphore(connections)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            headers={"Accept": "application/json", "User-Agent": "waybill-notifications", **(headers or {})},
            # The whole call has its own time-out; waiting for one of our own connections counts as well.
            timeout=httpx.Timeout(None, connect=CONNECT_S * time_factor),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_S),
            follow_redirects=False,
        )

    def deadline(self) -> float:
        """When a call that begins now has to have ended, in the event loop's time."""
        return asyncio.get_running_loop().time() + CALL_S * self.time_factor

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        deadline: float | None = None,
    ) -> httpx.Response | Answer:
        """The response, whatever its status, or what follows where there was none. Never raises for what happens outside.

        path: percent-encoded. content: JSON.
        """
        progress = _Progress()
        try:
            async with asyncio.timeout_at(deadline if deadline is not None else self.deadline()), self._turns:
                return await self._client.request(
                    method,
                    f"{path}?{encoded(query)}" if query else path,
                    content=content,
                    headers={"Content-Type": "application/json"} if content is not None else None,
                    extensions={"trace": progress.note},
                )
        except Exception as error:
            if not isinstance(error, httpx.TransportError | TimeoutError):
                logger.exception("http_call_failed")
            return self._interrupted(error, progress.stage)

    async def close(self) -> None:
        await self._client.aclose()

    def _interrupted(self, error: Exception, stage: Stage) -> Answer:
        verdict, retry_after_s = Verdict.TRANSIENT, 0.0
        if stage is Stage.SENT:
            verdict = Verdict.UNKNOWN
        elif stage is Stage.CONNECT and _is_our_setup(error):
            verdict, retry_after_s = Verdict.CONFIG, CONFIG_S
        elif stage is Stage.CONNECT:
            # A provider that is away says nothing of this mail, and must not use up its tries.
            verdict, retry_after_s = Verdict.THROTTLED, AWAY_S
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            detail = f"the provider did not answer in time ({stage.name.lower()})"
        else:
            detail = f"{str(error) or type(error).__name__} ({stage.name.lower()})"
        return Answer(verdict, detail, retry_after_s=retry_after_s * self.time_factor, closes=retry_after_s > 0)


class _Progress:
    """How far one call has come, as httpcore's trace extension tells it."""

    def __init__(self) -> None:
        self.stage = Stage.CONNECT

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.stage = Stage.REQUEST
        elif event.endswith("send_request_body.complete"):
            self.stage = Stage.SENT


def encoded(query: Sequence[tuple[str, str]]) -> str:
    """A query string in which spaces are %20, as signatures want it."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query)


def refusal(verdict: Verdict, detail: str, code: int, *, wait_s: float | None = None, time_factor: float = 1.0) -> Answer:
    """The answer to a response that is no acceptance.

    wait_s: how long the provider wants to be left alone, where it says so; else what is usual with the verdict.
    """
    usual_s = {Verdict.THROTTLED: THROTTLED_S, Verdict.CONFIG: CONFIG_S}.get(verdict, 0.0) * time_factor
    closes = verdict in (Verdict.THROTTLED, Verdict.CONFIG)
    return Answer(verdict, without_addresses(detail), code, retry_after_s=usual_s if wait_s is None else wait_s, closes=closes)


def without_addresses(text: str) -> str:
    """The text without anything that looks like an address: a refusal of a batch can quote any of its recipients."""
    return _ADDRESS.sub("(address)", text)[: 4 * MAX_DETAIL_CHARS]


def retry_after_s(response: httpx.Response, now: datetime) -> float | None:
    """What Retry-After says, in seconds (RFC 9110 §10.2.3: a number of them, or a date)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def json_of(response: httpx.Response) -> Any:
    """The body as JSON; None where it is none."""
    try:
        return response.json()
    except ValueError:
        return None


def _is_our_setup(error: BaseException) -> bool:
    """Whether the provider's certificate is one that we do not trust, which no waiting heals."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
