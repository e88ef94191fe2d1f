"""Names and small operations on the shared Redis, which is disposable: whatever is here may vanish at any moment."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable
from typing import Final

import redis.asyncio as redis
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

EPOCH_KEY: Final = "epoch"
HINT_INTERVAL_S: Final = 0.02
BROKER_ERRORS: Final = (RedisError, OSError, asyncio.TimeoutError)
"""What a broker that is away, full or restarting raises."""


def receipts_key(service: str) -> str:
    """The list onto which consumers push the ids that they hold durably."""
    return f"receipts:{service}"


def junk_key(service: str) -> str:
    """The list of deliveries that never reach a task: unknown names, undecodable bodies and envelopes."""
    return f"junk:{service}"


def slots_key(lane: str) -> str:
    """The sorted set in which workers register how many deliveries of a lane they can run at once."""
    return f"slots:{lane}"


def slots_of(member: bytes) -> int:
    """A member is `<host name>=<number of slots>`; its score is the moment at which it expires. Anything else counts nothing."""
    slots = member.rpartition(b"=")[2]
    return int(slots) if slots.isdigit() else 0


def hint_channel(service: str) -> str:
    """The channel that wakes the service's relays."""
    return f"hint:{service}"


def result_key(message_id: str) -> str:
    """Where Celery's AsyncResult looks for an answer."""
    return f"celery-task-meta-{message_id}"


class _NoticesItsEnd(AbstractConnection):
    """A worker's loop stands still between deliveries, so its connection may have been reset long ago when it is used.

    redis-py takes such a connection for a good one, and uvloop answers the write with a RuntimeError, which is none of
    BROKER_ERRORS.
    """

    async def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:
        """The pool calls this with every connection that it hands out."""
        if self._writer is not None and self._writer.is_closing():
            await self.disconnect(nowait=True)
        await super().connect_check_health(check_health, retry_socket_connect)

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """As redis-py's, with an error that callers expect."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise redis.ConnectionError(f"the connection has ended: {error}") from error


class _Connection(_NoticesItsEnd, redis.Connection):
    """For redis://."""


class _SSLConnection(_NoticesItsEnd, redis.SSLConnection):
    """For rediss://."""


_NOTICING: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    redis.Connection: _Connection,
    redis.SSLConnection: _SSLConnection,
}


def connect(url: str, *, name: str, timeout_s: float = 5.0) -> "redis.Redis":
    """A client that fails fast and never repeats a command by itself: every caller knows what to do on an error."""
    pool = redis.ConnectionPool.from_url(
        url,
        client_name=name,
        socket_timeout=timeout_s,
        socket_connect_timeout=3,
        socket_keepalive=True,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    pool.connection_class = _NOTICING.get(pool.connection_class, pool.connection_class)
    return redis.Redis.from_pool(pool)


async def current_epoch(client: "redis.Redis") -> str:
    """The broker's epoch: a random key and the server's run id.

    The key vanishes with the data; the run id changes with a restart, which may have lost the last second.
    """
    async with client.pipeline(transaction=False) as pipe:
        pipe.set(EPOCH_KEY, secrets.token_hex(8), nx=True)
        pipe.get(EPOCH_KEY)
        pipe.info("server")
        _, key, server = await pipe.execute()
    return f"{(key or b'').decode()}:{server['run_id']}"


class Hint:
    """Wakes the service's relays after a commit, at most every 20 ms, without keeping the committer waiting."""

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._client = client
        self._channel = hint_channel(service)
        self._task: asyncio.Task[None] | None = None
        self._wanted = False
        self._at_once = asyncio.Event()
        self._not_before = 0.0

    async def __call__(self) -> None:
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._send())

    async def flush(self) -> None:
        """Send the hint that waits for its turn at once, if any: nobody will run this loop for a while."""
        if self._task is None or self._task.done():
            return
        self._at_once.set()
        await self._task
        self._at_once.clear()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        # What is committed while a hint is on its way may be missed by the look that this hint causes.
        while self._wanted:
            if self._not_before > loop.time():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._at_once.wait(), self._not_before - loop.time())
            self._wanted = False
            self._not_before = loop.time() + HINT_INTERVAL_S
            # A lost hint costs one poll interval: the relay looks by itself, too.
            with contextlib.suppress(*BROKER_ERRORS):
                await self._client.publish(self._channel, b"")
