"""Calls of an SMS provider's HTTP API, and what it means when one gets no answer.

What counts is whether the request had begun to leave: before that nothing was sent and trying again is safe, afterwards the
provider may have acted on it.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from services.notifications.providers.answers import Answer, Verdict, without_address

logger = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
CALL_S: Final = 25.0
"""For one call, connecting included. A batch starts calls for 20 s, and must end before its lane's limit."""
AWAY_S: Final = 15.0
THROTTLED_S: Final = 60.0
CONFIG_S: Final = 300.0
"""How long an account that refuses us is left alone."""
MAX_WAIT_S: Final = 3600.0

_NUMBER: Final = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,14}")
_KNOWN_BY: Final = 7
_SENT: Final = re.compile(r"http(11|2)\.send_request_headers\.started")


@dataclass(slots=True)
class Progress:
    """How far a request has come. connecting: a connection was not only waited for. sent: it has begun to leave."""

    connecting: bool = False
    sent: bool = False

    async def follow(self, event: str, _: Mapping[str, Any]) -> None:
        """The transport's trace."""
        self.connecting = self.connecting or event.startswith("connection.connect")
        self.sent = self.sent or _SENT.fullmatch(event) is not None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider answered. body: its JSON object; None for anything else."""

    status: int
    body: Mapping[str, Any] | None
    headers: httpx.Headers

    def text(self, name: str) -> str:
        """A member as text; empty where there is none."""
        value = (self.body or {}).get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def number(self, name: str) -> int | None:
        """A member as a number, which may be written as text."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


class HttpCalls:
    """One provider's API. Lives as long as its process, and owns its connections.

    time_factor: shrinks every timer in tests.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        time_factor: float,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._time_factor = time_factor
        self._client = httpx.AsyncClient(
            base_url=url,
            auth=auth,
            headers={"Accept": "application/json", "User-Agent": "waybill-notifications", **(headers or {})},
            timeout=httpx.Timeout(CALL_S * time_factor, connect=CONNECT_S * time_factor),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
        )

    async def ask(self, method: str, path: str, **options: Any) -> Reply | Answer:
        """The provider's reply; or, where it gave none, the answer that follows from this. options: as httpx takes them."""
        progress = Progress()
        try:
            async with asyncio.timeout(CALL_S * self._time_factor):
                response = await self._client.request(method, path, extensions={"trace": progress.follow}, **options)
        except Exception as error:
            if not isinstance(error, httpx.HTTPError | OSError | TimeoutError):
                logger.exception("sms_call_failed")
            return self._interrupted(error, progress)
        return Reply(response.status_code, _object(response), response.headers)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    def refusal(self, verdict: Verdict, detail: str, code: int | None, headers: httpx.Headers | None = None) -> Answer:
        """What a refusal says: an account that throttles or refuses us is closed for a while, and no other."""
        wait_s = {Verdict.THROTTLED: THROTTLED_S, Verdict.CONFIG: CONFIG_S}.get(verdict, 0.0)
        asked_s = retry_after_s(headers) if headers is not None else None
        if asked_s is not None and verdict in (Verdict.THROTTLED, Verdict.TRANSIENT):
            wait_s = asked_s
        closes = verdict in (Verdict.THROTTLED, Verdict.CONFIG)
        return Answer(verdict, detail, code, retry_after_s=self.scaled(wait_s), closes=closes)

    def _interrupted(self, error: Exception, progress: Progress) -> Answer:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        if progress.sent:
            return Answer(Verdict.UNKNOWN, f"no answer after the request had gone out ({said})")
        if not progress.connecting:
            return Answer(Verdict.TRANSIENT, "no connection was free in time")
        if _is_mistrusted(error):
            return Answer(
                Verdict.CONFIG, f"the server cannot be trusted ({said})", None, None, self.scaled(CONFIG_S), closes=True
            )
        # A server that is away says nothing of this message, and must not use up its tries.
        return Answer(Verdict.THROTTLED, f"no connection ({said})", None, None, self.scaled(AWAY_S), closes=True)

    def scaled(self, seconds: float) -> float:
        """A time as this process counts it."""
        return seconds * self._time_factor


def by_status(status: int) -> Verdict:
    """What an answer without a known code means (reference: one outcome vocabulary)."""
    if status == 429:
        return Verdict.THROTTLED
    if status >= 500:
        return Verdict.TRANSIENT
    if status == 400 or status in (413, 415, 422):
        return Verdict.BAD_CONTENT
    # A login that is refused, an account or a path that is not there, an address that redirects: our settings are wrong.
    return Verdict.CONFIG


def retry_after_s(headers: httpx.Headers) -> float | None:
    """How long `Retry-After` asks to wait (RFC 9110 §10.2.3), an hour at most; None without a readable one."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), MAX_WAIT_S)
    try:
        # Measured against the provider's own clock, where it shows one.
        at, now = parsedate_to_datetime(value), parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None
    return min(max((_aware(at) - _aware(now)).total_seconds(), 0.0), MAX_WAIT_S)


def without_number(answer: Answer, to: str) -> Answer:
    """The answer with a detail that can be kept: providers quote the number with and without its plus, or with blanks in it."""
    own = "".join(character for character in to if character.isdigit())[-_KNOWN_BY:]

    def hidden(match: re.Match[str]) -> str:
        digits = "".join(character for character in match[0] if character.isdigit())
        return "recipient" if digits.endswith(own) else match[0]

    return without_address(replace(answer, detail=_NUMBER.sub(hidden, answer.detail)), to)


def _object(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _is_mistrusted(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
