"""Calls of a provider's HTTP API, and what is known of a message where a call ends without an answer.

One client for e-mail and SMS. How far a call had come decides what its end means:

queue      that says nothing of the provider, which is not closed for it, and nothing of the message, which loses no try
connect    the provider is away, and is left alone for a while; of the message this says nothing either
request    nobody can have acted on it: trying again is safe
sent       nobody knows what became of it
"""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from services.notifications.providers.answers import Answer, Verdict
from shared.runtime.outside.http_api import HttpApi, Interrupted, Reply, Stage

AWAY_S: Final = 15.0
THROTTLED_S: Final = 60.0
CONFIG_S: Final = 300.0
"""How long a provider that refuses our account is left alone."""
_USUAL_S: Final[Mapping[Verdict, float]] = {Verdict.THROTTLED: THROTTLED_S, Verdict.CONFIG: CONFIG_S}
_HEEDED: Final = frozenset({Verdict.THROTTLED, Verdict.TRANSIENT})
"""What a provider's own time is heeded for. Settings that are wrong do not heal by then, and what is final has no next time."""


class HttpCalls:
    """One provider's API, as `HttpApi`. A call has 25 s: a worker's batch starts calls for 20 s, and must end before its lane's
    limit. Lives as long as its process, and owns its connections."""

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        time_factor: float = 1.0,
    ) -> None:
        self._api = HttpApi(
            base_url, "waybill-notifications", connections=connections, headers=headers, auth=auth, time_factor=time_factor
        )

    def deadline(self) -> float:
        """When a call that begins now has to have ended, in the event loop's time."""
        return self._api.deadline()

    def scaled(self, seconds: float) -> float:
        """A time as this process counts it."""
        return self._api.scaled(seconds)

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
        ended = await self._api.call(method, path, query=query, content=content, form=form, deadline=deadline)
        return ended if isinstance(ended, Reply) else self._interrupted(ended)

    async def close(self) -> None:
        """Give back the connections."""
        await self._api.close()

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

    def _interrupted(self, call: Interrupted) -> Answer:
        if call.stage is Stage.SENT:
            return Answer(Verdict.UNKNOWN, call.detail)
        if call.stage is Stage.QUEUE and call.out_of_time:
            return Answer(Verdict.TRANSIENT, "none of our connections was free in time", reached=False)
        if call.stage is not Stage.CONNECT:
            return Answer(Verdict.TRANSIENT, call.detail)
        # A provider that is away says nothing of this message, and must not use up its tries.
        verdict, wait_s = (Verdict.CONFIG, CONFIG_S) if call.is_mistrusted else (Verdict.THROTTLED, AWAY_S)
        return Answer(verdict, call.detail, retry_after_s=self.scaled(wait_s), closes=True)


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
