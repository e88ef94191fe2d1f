"""An HTTP API outside that is read page by page: within its rate, left alone where it fails, and never trusted.

An answer has a limit of bytes and of time, and has to be a JSON object under a JSON type.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from services.analytics.sync_runs.errors import CursorGone, SourceAway, SourceBusy, SourceRefuses, UnreadableAnswer
from shared.runtime.clock import Clock
from shared.runtime.outside.circuits import REFUSED, Circuits, Finding
from shared.runtime.outside.http_api import HttpApi, Interrupted, Reply, retry_after_s
from shared.runtime.outside.rates import Rates

MOST_BYTES: Final = 8_000_000
CALL_S: Final = 15.0
REFUSED_S: Final = 300.0
"""For how long an API that refuses our key is left alone."""
USUAL_WAIT_S: Final = 30.0
"""For how long one that throttles us, where it does not say."""
PATIENCE_S: Final = 5.0
"""For how long a run waits for its turn before it gives its worker to others."""
_JSON: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json", re.IGNORECASE)
_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,200}"')


class FeedApi:
    """One account's. account: its name among the breakers. per_s: calls at most, over all workers."""

    def __init__(self, api: HttpApi, circuits: Circuits, rates: Rates, clock: Clock, *, account: str, per_s: float) -> None:
        self._api = api
        self._circuits = circuits
        self._rates = rates
        self._clock = clock
        self._account = account
        self._per_s = per_s

    async def get(
        self, path: str, query: Sequence[tuple[str, str]], etag: str | None
    ) -> tuple[dict[str, Any], str | None] | None:
        """The members of the answer, and its ETag; None where it is still the one of `etag`.

        Raises what `errors.py` draws.
        """
        await self._turn()
        headers, began = {"If-None-Match": etag} if etag else {}, time.monotonic()
        reply = await self._api.call("GET", path, query=query, headers=headers)
        took_s = time.monotonic() - began
        if isinstance(reply, Interrupted):
            await self._tell(failed=True, took_s=took_s)
            raise SourceAway(f"{self._account}: {reply.detail}")
        if reply.status == HTTPStatus.NOT_MODIFIED:
            await self._tell(failed=False, took_s=took_s)
            return None
        if reply.status != HTTPStatus.OK:
            raise await self._refusal(reply, took_s)
        wrong = _what_is_wrong(reply)
        await self._tell(failed=wrong is not None, took_s=took_s)
        if wrong is not None:
            raise UnreadableAnswer(f"{self._account}: the answer {wrong}")
        said = reply.headers.get("ETag", "")
        return dict(reply.members), said if _ETAG.fullmatch(said) else None

    async def close(self) -> None:
        """Give back connections."""
        await self._api.close()

    async def _turn(self) -> None:
        """Wait for a place. Raises SourceBusy where that takes long."""
        await self._circuits.refresh([self._account])
        standing = self._circuits.standing(self._account)
        if standing.closed_s > 0:
            why = "it refuses our key" if standing.refuses_us else "its calls have failed, or it has asked for it"
            raise SourceBusy(f"{self._account} is left alone for a while: {why}", retry_after_s=standing.closed_s)
        until = time.monotonic() + PATIENCE_S
        while (wait_s := await self._rates.wait_s(self._account, self._per_s, urgent=False)) > 0:
            if time.monotonic() + wait_s > until:
                raise SourceBusy(f"{self._account} has been asked often enough for now", retry_after_s=wait_s)
            await asyncio.sleep(wait_s)

    async def _refusal(self, reply: Reply, took_s: float) -> Exception:
        status = reply.status
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            await self._tell(failed=True, took_s=took_s, closes_s=REFUSED_S, why=REFUSED)
            return SourceRefuses(f"{self._account} refuses our key with {status}")
        told_s = retry_after_s(reply.headers, self._clock())
        if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and told_s):
            wait_s = USUAL_WAIT_S if told_s is None else told_s
            await self._rates.slow(self._account, self._per_s, wait_s)
            await self._tell(failed=True, took_s=took_s, closes_s=self._api.scaled(wait_s), why="throttled")
            return SourceBusy(f"{self._account} wants to be left alone for {wait_s:g} s", retry_after_s=wait_s)
        if status == HTTPStatus.GONE:
            await self._tell(failed=False, took_s=took_s)
            return CursorGone(f"{self._account} does not know our cursor any more; the next run reads it from the beginning")
        is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        await self._tell(failed=is_theirs, took_s=took_s)
        said = f"{self._account} answers {status}"
        return SourceAway(said) if is_theirs else SourceRefuses(said)

    async def _tell(self, *, failed: bool, took_s: float, closes_s: float = 0.0, why: str = "") -> None:
        await self._circuits.report(self._account, Finding(failed, took_s, closes_s, why))


def _what_is_wrong(reply: Reply) -> str | None:
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip()
    if not _JSON.fullmatch(kind):
        return f"is of the type {ascii(kind[:100])[1:-1] or '(none)'}, and not JSON"
    return None if isinstance(reply.body, dict) else "is no JSON object"
