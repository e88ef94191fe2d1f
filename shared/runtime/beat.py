"""Celery's beat over the service's schedules: it calls the same `fire_due_slots` as the relay, so both may run."""

import asyncio
import importlib
import logging
from typing import Any, Final

from celery.beat import Scheduler

from shared.runtime import broker, schedule
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, is_away
from shared.runtime.errors import first_line
from shared.runtime.settings import ServiceSettings

logger = logging.getLogger(__name__)

TICK_S: Final = 1.0


class OutboxScheduler(Scheduler):
    """Fires due slots into the outbox each second. It keeps no file and no state of its own."""

    def __init__(self, app: Any, *args: Any, **options: Any) -> None:
        self._runner: asyncio.Runner | None = None
        self._database: Database | None = None
        self._hint: broker.Hint | None = None
        self._settings: ServiceSettings = app.waybill_settings()
        self._entries: tuple[schedule.Entry, ...] = importlib.import_module(
            f"services.{self._settings.service}.schedules"
        ).ENTRIES
        super().__init__(app, *args, **options)

    def setup_schedule(self) -> None:
        """The entries are the service's own; Celery's table stays empty."""
        self.data: dict[str, Any] = {}

    def tick(self, *_: Any, **__: Any) -> float:
        """Fire what is due, and return the seconds to wait."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            fired = self._runner.run(self._fire())
            if fired:
                logger.info("slots_fired", extra={"count": fired})
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("schedule_waits_for_database", extra={"error": first_line(error)})
        return self._settings.scaled(TICK_S)

    async def _fire(self) -> int:
        if self._database is None:
            name = f"{self._settings.service}-beat"
            hint = broker.Hint(broker.connect(self._settings.broker_url, name=name), self._settings.service)
            url = self._settings.database_url.get_secret_value()
            self._hint, self._database = hint, Database(url, name=name, pool_size=1, on_publish=hint)
        fired = await schedule.fire(self._database, self._entries, system_clock)
        if self._hint is not None:
            await self._hint.flush()
        return fired

    def close(self) -> None:
        # Celery closes its scheduler twice, and from a signal maybe in the midst of a tick, whose transaction then rolls back.
        runner, self._runner = self._runner, None
        if runner is not None and not runner.get_loop().is_running():
            if self._database is not None:
                runner.run(self._database.close())
            runner.close()
        super().close()
