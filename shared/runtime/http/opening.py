"""Opening and closing what an API process holds, and the relay beside it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from shared.runtime import broker
from shared.runtime.auth.verifier import Authenticator, OwnKeys
from shared.runtime.db import Database
from shared.runtime.http.cursors import CursorSigner
from shared.runtime.http.rate_limits import RateLimiter
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.http.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

RELAY_RESTART_S: Final = 1.0
RELAY_STOP_S: Final = 10.0


@asynccontextmanager
async def open_runtime(settings: HttpSettings, own_keys: OwnKeys | None = None) -> AsyncIterator[HttpRuntime]:
    """Everything that requests need.

    Connections are made at first use: without its database an API starts, says that it is not ready, and recovers.
    """
    name = f"{settings.service}-api"
    client = broker.connect(settings.broker_url, name=name)
    database = Database(
        settings.database_url.get_secret_value(),
        name=name,
        pool_size=settings.database_pool_size,
        on_publish=broker.Hint(client, settings.service),
    )
    try:
        yield HttpRuntime(
            settings=settings,
            database=database,
            redis=client,
            authenticator=Authenticator.from_settings(settings, database, client, own_keys=own_keys),
            limiter=RateLimiter(client, settings.service, settings.rate_limit),
            cursors=CursorSigner(settings.cursor_secret.get_secret_value() if settings.cursor_secret else None),
        )
    finally:
        await client.aclose()
        await database.close()


@asynccontextmanager
async def hosted_relay(settings: HttpSettings) -> AsyncIterator[None]:
    """Run the service's relay beside the requests where RELAY_IN_API asks for it; end it before the connections close."""
    if not settings.relay_in_api:
        yield
        return
    from shared.runtime.relay.runner import run

    stop = asyncio.Event()
    task = asyncio.create_task(_keep_running(run, settings, stop), name="relay")
    try:
        yield
    finally:
        stop.set()
        done, _ = await asyncio.wait([task], timeout=RELAY_STOP_S)
        if not done:
            logger.warning("relay_stop_timed_out")
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep_running(
    run: "Callable[[HttpSettings, asyncio.Event], Awaitable[None]]", settings: HttpSettings, stop: asyncio.Event
) -> None:
    """A relay that fails is started again: an API that goes on without one would publish into the void."""
    while not stop.is_set():
        try:
            await run(settings, stop)
        except Exception:
            logger.exception("relay_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.scaled(RELAY_RESTART_S))
