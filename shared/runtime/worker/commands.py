"""`celery inspect schedule` and `celery inspect failed`, answered from the database instead of a worker's memory."""

import asyncio
import importlib
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

from celery.worker.control import control_command, inspect_command
from sqlalchemy import text

from shared.contracts.lanes import lanes_of
from shared.runtime.db import Database, ReadSession
from shared.runtime.schedule import Entry

AT_MOST: Final = 50

_SCHEDULE: Final = text("SELECT name, crontab, paused, last_slot_at, last_fired_at, missed FROM schedules ORDER BY name")
_FAILED: Final = text("""
    SELECT message_id, name, reason, error_class, error, attempts, died_at FROM dead_letters
     WHERE status = 'open' ORDER BY died_at DESC LIMIT :limit
""")


@control_command(name="add_consumer", args=[("queue", str)], signature="<lane>")
def add_consumer(state: Any, queue: str, **_: Any) -> dict[str, str]:
    """Take from one more of the service's own lanes."""
    own = [lane.name for lane in lanes_of(state.app.service)]
    if queue not in own:
        return {"error": f"{state.app.service} does not own {queue}; its lanes are {', '.join(own)}"}
    state.consumer.call_soon(state.consumer.add_task_queue, queue)
    return {"ok": f"add consumer {queue}"}


@inspect_command(name="schedule")
def inspect_schedule(state: Any, **_: Any) -> list[dict[str, Any]]:
    """The service's schedule entries with their last slots."""

    entries: tuple[Entry, ...] = importlib.import_module(f"services.{state.app.service}.schedules").ENTRIES
    usual = {entry.name: entry.crontab for entry in entries}

    async def read(session: ReadSession) -> list[dict[str, Any]]:
        rows = [_plain(row._mapping) for row in await session.execute(_SCHEDULE)]
        return [{**row, "crontab": row["crontab"] or usual.get(row["name"])} for row in rows]

    return _ask(state.app, read)


@inspect_command(name="failed", args=[("limit", int)], signature="[N=50]")
def inspect_failed(state: Any, limit: int = AT_MOST, **_: Any) -> list[dict[str, Any]]:
    """The service's newest open dead letters, without their payloads."""

    async def read(session: ReadSession) -> list[dict[str, Any]]:
        return [_plain(row._mapping) for row in await session.execute(_FAILED, {"limit": limit})]

    return _ask(state.app, read)


def _ask(app: Any, read: Callable[[ReadSession], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Run one query in a thread: the main process has no event loop of asyncio's and must not wait for ever."""
    found: list[dict[str, Any]] = []

    async def query() -> None:
        database = Database(app.waybill_settings().database_url.get_secret_value(), name="inspect", pool_size=1)
        try:
            async with asyncio.timeout(3), database.read() as session:
                found.extend(await read(session))
        except Exception as error:  # noqa: BLE001  # whatever it is, the operator who asked is told
            found.append({"error": f"the database did not answer: {type(error).__name__}"})
        finally:
            await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(query()), daemon=True)
    thread.start()
    thread.join(5)
    return found


def _plain(row: Any) -> dict[str, Any]:
    return {key: value if isinstance(value, str | int | bool | None) else str(value) for key, value in row.items()}
