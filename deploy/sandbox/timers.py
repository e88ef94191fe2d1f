"""What providers do later: a bounce after some seconds, a call-back. Kept in the ledger, so a restart forgets none."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from deploy.sandbox.entries import Timer
from deploy.sandbox.ledger import Ledger

log = logging.getLogger("sandbox.timers")


class Timers:
    """Runs each timer of the ledger when it is due. A handler finishes its timer in the write that does the work."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._handlers: dict[str, Callable[[Timer], Awaitable[None]]] = {}
        self._handles: dict[int, asyncio.TimerHandle] = {}
        self._running: set[asyncio.Task[None]] = set()

    def handle(self, provider: str, handler: Callable[[Timer], Awaitable[None]]) -> None:
        """Name who carries out the timers of a provider."""
        self._handlers[provider] = handler

    def start(self) -> None:
        """Take up what an earlier process left, and everything deferred from now on."""
        self._ledger.on_deferred = self._schedule
        for timer in self._ledger.timers():
            self._schedule(timer)

    async def stop(self) -> None:
        """Stop. What is not finished stays in the ledger."""
        for handle in self._handles.values():
            handle.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _schedule(self, timer: Timer) -> None:
        delay = max(0.0, timer.due_at - time.time())
        self._handles[timer.id] = asyncio.get_running_loop().call_later(delay, self._begin, timer)

    def _begin(self, timer: Timer) -> None:
        self._handles.pop(timer.id, None)
        task = asyncio.create_task(self._run(timer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, timer: Timer) -> None:
        handler = self._handlers.get(timer.provider)
        try:
            if handler is not None:
                await handler(timer)
        except Exception:
            log.exception("timer_failed", extra={"timer_id": timer.id, "provider": timer.provider})
