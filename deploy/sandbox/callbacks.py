"""Calls back to our APIs: due later, again where they were not taken, and not forgotten by a restart.

A call-back is signed when it is sent and not when it is planned, so that its time is true and a new key is used at once.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.sandbox.entries import Timer
from deploy.sandbox.posting import Poster, Unanswered
from deploy.sandbox.provider import Core
from deploy.sandbox.transaction import Transaction

log = logging.getLogger("sandbox.callbacks")

_TIMEOUT_S = 15.0
_RETRY_AFTER_S = (1.0, 5.0, 30.0, 120.0)


@dataclass(frozen=True, slots=True)
class Request:
    """One call-back as it goes out. A second one built from the same plan may differ in its time and signature only."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Callbacks:
    """The call-backs of one provider.

    name: of its timers; a provider that has others of its own gives each kind a name. build: what a plan, which is JSON, sends.
    anywhere: plans bring their own address, so that SANDBOX_CALLBACK_URL decides nothing. given_up: called after the last try.
    """

    def __init__(
        self,
        core: Core,
        name: str,
        build: Callable[[dict[str, Any]], Request],
        *,
        anywhere: bool = False,
        timeout_s: float = _TIMEOUT_S,
        given_up: Callable[[], None] | None = None,
    ) -> None:
        self._anywhere = anywhere
        self._poster = Poster(timeout_s)
        self._given_up = given_up
        self._core = core
        self._name = name
        self._build = build
        core.timers.handle(name, self._send)

    @property
    def base_url(self) -> str | None:
        """Where to, without a slash at its end; None where nobody is called back."""
        url = self._core.settings.callback_url
        return url.rstrip("/") if url else None

    def plan(
        self,
        transaction: Transaction,
        plan: dict[str, Any],
        *,
        seconds: float = 0.0,
        retry_after_s: Sequence[float] = _RETRY_AFTER_S,
    ) -> None:
        """Call back after so many seconds, once the transaction is committed. Does nothing without SANDBOX_CALLBACK_URL."""
        if self._anywhere or self.base_url is not None:
            payload = {"plan": plan, "tries": 0, "retry_after_s": list(retry_after_s)}
            transaction.defer(self._name, time.time() + seconds, payload)

    async def close(self) -> None:
        """Give back the connections."""
        await self._poster.close()

    async def _send(self, timer: Timer) -> None:
        taken, tries = await self._post(timer), timer.payload["tries"] + 1
        # A ledger of an earlier version has timers without pauses of their own.
        pauses = timer.payload.get("retry_after_s", _RETRY_AFTER_S)

        def write(transaction: Transaction) -> None:
            if not taken and tries <= len(pauses):
                transaction.defer(self._name, time.time() + pauses[tries - 1], {**timer.payload, "tries": tries})
            transaction.finish(timer)

        await self._core.ledger.write(write)
        if not taken and tries > len(pauses) and self._given_up is not None:
            self._given_up()

    async def _post(self, timer: Timer) -> bool:
        request = self._build(timer.payload["plan"])
        try:
            status = await self._poster.post(request.url, request.body, request.headers)
        except Unanswered as error:
            log.warning("callback_failed", extra={"provider": self._name, "error": str(error)})
            return False
        is_taken = 200 <= status < 300
        if not is_taken:
            log.warning("callback_refused", extra={"provider": self._name, "status": status})
        return is_taken
