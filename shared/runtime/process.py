"""What a worker process keeps for its lifetime: one event loop, one engine, one Redis client, its effects."""

import asyncio
import gc
import logging
import os
from collections.abc import Coroutine
from typing import Any, Final, TypeVar
from uuid import UUID

import redis.asyncio as redis
import uvloop

from shared.runtime import broker
from shared.runtime.broker import Hint
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.runtime.settings import ServiceSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

COLLECT_AFTER: Final = 10_000
"""How many objects more than have gone make Python look for garbage. Its own 700 are a few messages of a batch."""


class ProcessRuntime:
    """Handlers reach the outside through this. Belongs to one event loop.

    An engine made before a fork or a loop per task would give connections to the wrong loop, so a worker's
    child makes this for itself when it starts.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        clock: Clock = system_clock,
        database: Database | None = None,
        client: "redis.Redis | None" = None,
    ) -> None:
        name = f"{settings.service}-worker"
        self.settings = settings
        self.clock = clock
        self.redis = client or broker.connect(settings.broker_url, name=name)
        self.hint = Hint(self.redis, settings.service)
        url = settings.database_url.get_secret_value()
        self.database = database or Database(url, name=name, pool_size=settings.database_pool_size, on_publish=self.hint)
        self.results = (
            self.redis if settings.result_url == settings.broker_url else broker.connect(settings.result_url, name=name)
        )
        """Where AsyncResult looks for answers: CELERY_RESULT_BACKEND, or the broker."""
        self.unused_leases: list[UUID] = []
        """Tokens of leases under which nothing was begun because the database went away."""
        self._effects: dict[str, Effect[Any, Any]] = {}

    def effect(self, handler: EffectHandler[Any, Any]) -> Effect[Any, Any]:
        """The process's one instance of an effect."""
        name = handler.message_type.contract.name
        if name not in self._effects:
            self._effects[name] = handler.build(self)
        return self._effects[name]

    async def close(self) -> None:
        """Close what this process opened; errors are logged, the end is not held up."""
        for effect in self._effects.values():
            try:
                await effect.close()
            except Exception:
                logger.exception("effect_close_failed")
        await self.redis.aclose()
        if self.results is not self.redis:
            await self.results.aclose()
        await self.database.close()


class ProcessLoop:
    """The event loop of a worker process, and the runtime on it."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._loop = uvloop.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self.runtime = self._loop.run_until_complete(self._build(settings))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run to completion on this process's loop."""
        return self._loop.run_until_complete(coroutine)

    def close(self) -> None:
        """Close the runtime and the loop."""
        try:
            self._loop.run_until_complete(asyncio.wait_for(self.runtime.close(), 5))
        except TimeoutError:
            logger.warning("process_close_timed_out")
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    @staticmethod
    async def _build(settings: ServiceSettings) -> ProcessRuntime:
        return ProcessRuntime(settings)


_current: dict[int, ProcessLoop] = {}
"""This process's loop under its pid; a forked child finds nothing under its own."""


def process_loop(settings: ServiceSettings) -> ProcessLoop:
    """This process's loop, made on first use and anew after a fork."""
    pid = os.getpid()
    if pid not in _current:
        _current.clear()
        _current[pid] = ProcessLoop(settings)
    return _current[pid]


def close_process_loop() -> None:
    """End this process's loop, if it has one of its own."""
    loop = _current.pop(os.getpid(), None)
    if loop is not None:
        loop.close()


def settle_heap() -> None:
    """Leave what is there by now out of every search for garbage, for nearly all of it stays as long as the process.

    A child is born with some hundred thousand objects, and looking through them again and again took a tenth of its time. An API
    has twice as many, and each look held up all requests for a fifth of a second.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
