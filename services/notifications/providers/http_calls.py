"""Calls of a provider's HTTP API, and what is known of a message where a call ends without an answer.

One client for e-mail and SMS. How far a call had come, as the transport's trace tells it, decides what its end means:

queue      it waited for one of our own connections, and nobody was asked. That says nothing of the provider, which is not closed
           for it, and nothing of the message, which loses no try.
connect    nobody answered: the provider is away, and is left alone for a while. Of the message this says nothing either.
request    the request had not left whole, so that nobody can have acted on it: trying again is safe.
sent       it had, and nobody knows what became of it.
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
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.notifications.providers.answers import Answer, Verdict
from shared.runtime.failpoints import failpoint

logger = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
CALL_S: Final = 25.0
"""For one message, or one batch of mails, waiting for a connection included. A worker's batch starts calls for 20 s, and must end
before its lane's limit."""
LEAST_S: Final = CONNECT_S
"""A call that has less time left when its turn comes is not made: cut short, it would make a provider look away that is not, or
leave its message unknown."""
IDLE_S: Final = 20.0
"""Shorter than load balancers keep a connection: one that they end while a request travels leaves its message unknown."""
AWAY_S: Final = 15.0
THROTTLED_S: Final = 60.0
CONFIG_S: Final = 300.0
"""How long a provider that refuses our account is left alone."""
MAX_WAIT_S: Final = 3600.0
"""The longest that a provider's word makes us wait: a header that is wrong, or not meant so, must not hold messages for days."""
_USUAL_S: Final[Mapping[Verdict, float]] = {Verdict.THROTTLED: THROTTLED_S, Verdict.CONFIG: CONFIG_S}
_HEEDED: Final = frozenset({Verdict.THROTTLED, Verdict.TRANSIENT})
"""What a provider's own time is heeded for. Settings that are wrong do not heal by then, and what is final has no next time."""


class Stage(IntEnum):
    """How far a call has come."""

    QUEUE = 0
    CONNECT = 1
    REQUEST = 2
    SENT = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider answered. body: its JSON; None where there is none that can be read. is_empty: it said nothing at all."""

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


class HttpCalls:
    """One provider's API. Lives as long as its process, and owns its connections.

    base_url: with the path in front of all paths, where there is one. connections: at most so many at once. headers: of every
    request. time_factor: shrinks every timer in tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._time_factor = time_factor
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
        return asyncio.get_running_loop().time() + self.scaled(CALL_S)

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
        deadline: float | None = None,
    ) -> Reply | Answer:
        """The reply, whatever its status, or what follows where there was none. Never raises for what happens outside.

        path: percent-encoded. content: JSON. form: in its place.
        """
        progress = _Progress()
        until = deadline if deadline is not None else self.deadline()
        try:
            async with asyncio.timeout_at(until), self._turns:
                if asyncio.get_running_loop().time() + self.scaled(LEAST_S) > until:
                    raise TimeoutError
                response = await self._client.request(
                    method,
                    f"{path}?{encoded(query)}" if query else path,
                    content=content,
                    data=form,
                    headers={"Content-Type": "application/json"} if content is not None else None,
                    extensions={"trace": progress.note},
                )
        except Exception as error:
            if not isinstance(error, httpx.HTTPError | OSError):
                logger.exception("http_call_failed")
            return self._interrupted(error, progress.stage)
        return Reply.of(response)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    def refusal(
        self, verdict: Verdict, detail: str, code: int | None, *, told_s: float | None = None, usual_s: float | None = None
    ) -> Answer:
        """The answer to a reply that is no acceptance: an account that throttles or refuses us is closed for a while.

        told_s: how long the provider wants to be left alone, where it says so. usual_s: in the place of what is usual with the
        verdict.
        """
        wait_s = usual_s if usual_s is not None else _USUAL_S.get(verdict, 0.0)
        if told_s is not None and verdict in _HEEDED:
            wait_s = told_s
        return Answer(verdict, detail, code, retry_after_s=self.scaled(wait_s), closes=verdict in _USUAL_S)

    def _interrupted(self, error: Exception, stage: Stage) -> Answer:
        if stage is Stage.SENT:
            return Answer(Verdict.UNKNOWN, _said(error, stage))
        if stage is Stage.QUEUE and isinstance(error, TimeoutError | httpx.PoolTimeout):
            return Answer(Verdict.TRANSIENT, "none of our connections was free in time", reached=False)
        if stage is not Stage.CONNECT:
            return Answer(Verdict.TRANSIENT, _said(error, stage))
        # A provider that is away says nothing of this message, and must not use up its tries.
        verdict, wait_s = (Verdict.CONFIG, CONFIG_S) if _is_mistrusted(error) else (Verdict.THROTTLED, AWAY_S)
        return Answer(verdict, _said(error, stage), retry_after_s=self.scaled(wait_s), closes=True)


class _Progress:
    """How far one call has come, as httpcore's trace extension tells it."""

    def __init__(self) -> None:
        self.stage = Stage.QUEUE

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.stage = Stage.REQUEST
        elif event.endswith("send_request_body.complete"):
            self.stage = Stage.SENT
            failpoint("provider.sent")
        elif self.stage is Stage.QUEUE and event.endswith(("connect_tcp.started", "connect_unix_socket.started")):
            self.stage = Stage.CONNECT


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


def by_status(status: int) -> Verdict:
    """What an answer without a code of the provider's own means (reference: one outcome vocabulary)."""
    if status == 429:
        return Verdict.THROTTLED
    if status >= 500 or status == 408:
        return Verdict.TRANSIENT
    if status == 400 or status in (413, 415, 422):
        return Verdict.BAD_CONTENT
    # A login that is refused, an account or a path that is not there, an address that redirects: our settings are wrong.
    return Verdict.CONFIG


def _said(error: Exception, stage: Stage) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"the provider did not answer in time ({stage.name.lower()})"
    return f"{str(error) or type(error).__name__} ({stage.name.lower()})"


def _is_mistrusted(error: BaseException) -> bool:
    """Whether the provider's certificate is one that we do not trust, which no waiting heals."""
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
