"""How a worker's main process ends.

    SIGTERM   waits for what is in hand, which the lanes' hard limits end
    SIGQUIT   waits for it `worker_soft_shutdown_timeout` seconds, and gives back what is left; so does SIGTERM where
              REMAP_SIGTERM=SIGQUIT
    SIGINT    waits like SIGTERM

SIGINT or SIGQUIT once more gives back at once. What is given back loses its process: the delivery returns to its lane,
and the inbox sees to it that nothing happens twice. The pool `solo` has no processes to lose, and waits.

Celery carries a soft end out inside its signal handler, wherever that has interrupted the main thread; there it can
wait for ever for a lock that the interrupted code holds. Here a handler sets flags, an alarm, and kills.
"""

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import celery.worker.state
from celery import signals
from celery.platforms import EX_OK

if TYPE_CHECKING:
    from types import FrameType

    from celery.apps.worker import Worker

state: Any = celery.worker.state
"""Celery's flags, at which the worker's loop looks at every turn."""


class Ending:
    """The signal handlers of one worker, once `install` has been called in its main process."""

    def __init__(self, worker: "Worker", soft_s: float) -> None:
        self._worker: Any = worker
        self._soft_s = soft_s
        self._main = os.getpid()
        self._asked: set[int] = set()

    def install(self) -> None:
        """Replace Celery's handlers."""
        signal.signal(signal.SIGINT, self._on_interrupt)
        signal.signal(signal.SIGQUIT, self._on_quit)
        signal.signal(signal.SIGALRM, self._on_alarm)
        if os.environ.get("REMAP_SIGTERM") == "SIGQUIT":
            signal.signal(signal.SIGTERM, self._on_quit)
        signals.worker_shutdown.connect(self._on_stopped, sender=self._worker, weak=False)

    def _on_interrupt(self, number: int, frame: "FrameType | None") -> None:
        if self._is_asked_again(number):
            self._give_back()
        elif os.getpid() == self._main:
            self._end("Warm shutdown; Ctrl-C once more gives back what is in hand")

    def _on_quit(self, number: int, frame: "FrameType | None") -> None:
        if self._is_asked_again(number):
            self._give_back()
        elif os.getpid() == self._main:
            self._end(f"Soft shutdown; what is not done in {self._soft_s:g} s is given back")
            signal.setitimer(signal.ITIMER_REAL, self._soft_s)

    def _on_alarm(self, number: int, frame: "FrameType | None") -> None:
        if os.getpid() == self._main:
            self._give_back()

    def _on_stopped(self, **_: object) -> None:
        # Nothing is in hand any more. An interpreter that ends has no handlers, and the alarm would kill it.
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _is_asked_again(self, number: int) -> bool:
        again = os.getpid() == self._main and bool(self._asked & {number, signal.SIGQUIT})
        self._asked.add(number)
        return again

    def _end(self, how: str) -> None:
        state.should_stop = EX_OK
        _say(how)

    def _give_back(self) -> None:
        _say("Giving back what is in hand")
        for child in list(getattr(getattr(self._worker.pool, "_pool", None), "_pool", ())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)


def _say(what: str) -> None:
    # What Python buffers may be just what the signal has interrupted.
    with contextlib.suppress(OSError):
        os.write(2, f"\nworker: {what}\n".encode())
