"""Calls of an HTTP API outside, and how far a call had come that ended without a reply.

That is what its end means, as the transport's trace tells it:

queue      it waited for one of our own connections, and nobody was asked
connect    nobody answered
request    it had not left whole, so that nobody can have acted on it
sent       it had, and nobody knows what became of it
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import IntEnum
from functools import cache, partial
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import quote

import httpx

from shared.runtime.failpoints import failpoint
from shared.runtime.outside.connections import Connections

logger = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
MAX_WAIT_S: Final = 3600.0
"""The longest that a provider's word makes us wait: a header that is wrong, or not meant so, must not hold work for days."""


class Stage(IntEnum):
    """How far a call has come."""

    QUEUE = 0
    CONNECT = 1
    REQUEST = 2
    SENT = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. call_s: for the whole call, waiting for one of our own connections included. connect_s, write_s, read_s: for
    each step of it, None for what is left of the call. idle_s: how long a connection is kept; shorter than load balancers keep
    it, because one that they end while a request travels leaves nobody knowing. least_s: a call that has less time left when
    its turn comes is not made: cut short, it would make a provider look away that is not, or leave its end unknown."""

    call_s: float = 25.0
    connect_s: float = CONNECT_S
    write_s: float | None = None
    read_s: float | None = None
    idle_s: float = 20.0
    least_s: float = CONNECT_S


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered. body: its JSON; None where there is none that can be read. is_empty: it said nothing at all."""

    status: int
    headers: httpx.Headers
    body: Any
    is_empty: bool

    @classmethod
    def of(cls, response: httpx.Response) -> "Reply":
        is_empty = not response.content.strip()
        try:
            body = response.json() if not is_empty else None
        except (ValueError, RecursionError):
            body = None
        return cls(response.status_code, response.headers, body, is_empty)

    @property
    def members(self) -> Mapping[str, Any]:
        """Those of the JSON object; none of anything else."""
        return self.body if isinstance(self.body, dict) else {}

    def text(self, name: str) -> str:
        """A member as text; empty where there is none."""
        value = self.members.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def number(self, name: str) -> int | None:
        """A member as a number, which may be written as text."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A call that ended without a reply. out_of_time: because it took too long. is_mistrusted: because their certificate is one
    that we do not trust, which no waiting heals."""

    stage: Stage
    detail: str
    out_of_time: bool = False
    is_mistrusted: bool = False


class HttpApi:
    """One account's API. Lives as long as its process, and owns its connections.

    base_url: with the path in front of all paths, where there is one. connections: at most so many at once. agent, headers: of
    every request. most_bytes: of an answer, unpacked; None for however many. time_factor: shrinks every timer in tests.
    """

    def __init__(
        self,
        base_url: str,
        agent: str,
        *,
        connections: int,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        timing: Timing = Timing(),
        most_bytes: int | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._timing = timing
        self._most_bytes = most_bytes
        self._time_factor = time_factor
        steps = (timing.connect_s, timing.read_s, timing.write_s)
        connect_s, read_s, write_s = (self.scaled(one) if one is not None else None for one in steps)
        make = partial(
            httpx.AsyncClient,
            base_url=base_url,
            auth=auth,
            verify=_certificates(),
            headers={"Accept": "application/json", "User-Agent": agent, **(headers or {})},
            # The whole call has its own time-out; waiting for one of our own connections counts as well.
            timeout=httpx.Timeout(connect=connect_s, read=read_s, write=write_s, pool=None),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=timing.idle_s),
            follow_redirects=False,
            cookies=_NoCookies(),
        )
        self._connections = Connections(make, most=connections, idle_s=timing.idle_s)

    def deadline(self) -> float:
        """When a call that begins now has to have ended, in the event loop's time."""
        return asyncio.get_running_loop().time() + self.scaled(self._timing.call_s)

    def scaled(self, seconds: float) -> float:
        """A time as this process counts it."""
        return seconds * self._time_factor

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Reply | Interrupted:
        """The reply, whatever its status, or how far the call came. Never raises for what happens outside.

        path: percent-encoded. content: JSON. form: in its place.
        """
        progress = _Progress(has_body=bool(content or form))
        until = deadline if deadline is not None else self.deadline()
        kind = {"Content-Type": "application/json"} if content is not None else {}
        try:
            async with asyncio.timeout_at(until), self._connections.turns:
                if asyncio.get_running_loop().time() + self.scaled(self._timing.least_s) > until:
                    raise TimeoutError
                response = await self._connections.request(
                    method,
                    f"{path}?{encoded(query)}" if query else path,
                    most_bytes=self._most_bytes,
                    content=content,
                    data=form,
                    headers={**kind, **(headers or {})},
                    extensions={"trace": progress.note},
                )
        except Exception as error:
            if not isinstance(error, httpx.HTTPError | OSError):
                logger.exception("http_call_failed")
            out_of_time = isinstance(error, TimeoutError | httpx.TimeoutException)
            return Interrupted(progress.stage, _said(error, progress.stage), out_of_time, _is_mistrusted(error))
        return Reply.of(response)

    async def close(self) -> None:
        """Give back the connections."""
        await self._connections.close()


class _NoCookies(CookieJar):
    """An API's caller names itself by its credentials; and to look for cookies takes longer than to read a small answer."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Keep none."""

    def add_cookie_header(self, request: object) -> None:
        """Send none."""


class _Progress:
    """How far one call has come, as httpcore's trace extension tells it. A request without a body has left with its headers."""

    def __init__(self, *, has_body: bool) -> None:
        self.stage = Stage.QUEUE
        self._last = "send_request_body.complete" if has_body else "send_request_headers.complete"

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.stage = Stage.REQUEST
        elif event.endswith(self._last):
            self.stage = Stage.SENT
            failpoint("provider.sent")
        elif self.stage is Stage.QUEUE and event.endswith(("connect_tcp.started", "connect_unix_socket.started")):
            self.stage = Stage.CONNECT


@cache
def _certificates() -> ssl.SSLContext:
    """Whom all clients of the process trust; reading them takes longer than many a call."""
    return httpx.create_ssl_context()


def encoded(query: Sequence[tuple[str, str]]) -> str:
    """A query string in which spaces are %20, as signatures want it."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query)


def retry_after_s(headers: httpx.Headers, now: datetime) -> float | None:
    """What Retry-After says, in seconds (RFC 9110 §10.2.3: a number of them, or a date), an hour at most.

    now: what a date is measured against where the provider does not show its own clock. None without a header that can be read.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return capped_s(float(value))
    at = _moment(value)
    return capped_s((at - (_moment(headers.get("Date", "")) or now)).total_seconds()) if at is not None else None


def capped_s(seconds: float) -> float:
    """A wait that a provider asks for, as far as it is heeded."""
    return min(max(seconds, 0.0), MAX_WAIT_S)


def _said(error: Exception, stage: Stage) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"the provider did not answer in time ({stage.name.lower()})"
    return f"{str(error) or type(error).__name__} ({stage.name.lower()})"


def _is_mistrusted(error: BaseException) -> bool:
    """Whether the provider's certificate is one that we do not trust."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _moment(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
