"""The heartbeat of a process that is one event loop: a file that it touches as long as the loop turns.

Whether database and broker are there is no part of it: a restart of the process would bring neither back.
"""

import asyncio
import contextlib
from typing import Final

from shared.runtime.settings import ServiceSettings

BEAT_S: Final = 2.0


async def beat(settings: ServiceSettings, stop: asyncio.Event) -> None:
    """Touch HEARTBEAT_FILE until `stop` is set; without such a file return at once."""
    if settings.heartbeat_file is None:
        return
    touch = settings.heartbeat_file.touch
    while not stop.is_set():
        touch()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.scaled(BEAT_S))
