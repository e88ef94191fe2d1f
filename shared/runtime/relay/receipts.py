"""Receipts: consumers say which messages they hold durably, and the rows of those are deleted."""

import logging
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
import redis.asyncio as redis

from shared.runtime import broker
from shared.runtime.failpoints import failpoint
from shared.runtime.relay import claims

logger = logging.getLogger(__name__)

WAIT_S: Final = 1.0
AT_ONCE: Final = 100


class ReceiptTaker:
    """Pops receipts in bulk. One that is lost on the way is made good: the row goes out again and is confirmed then."""

    def __init__(self, pool: "asyncpg.Pool[Any]", client: "redis.Redis", service: str) -> None:
        self._pool = pool
        self._redis = client
        self._key = broker.receipts_key(service)

    async def take(self) -> int:
        """Wait up to a second for receipts, and return how many outbox rows they confirmed."""
        popped = await self._redis.blmpop(WAIT_S, 1, self._key, direction="RIGHT", count=AT_ONCE)
        if not popped:
            return 0
        failpoint("relay.receipts_popped")
        ids = [message_id for entry in popped[1] for message_id in _ids(entry)]
        if not ids:
            return 0
        async with self._pool.acquire() as connection:
            try:
                return await claims.confirm(connection, ids)
            except asyncpg.DataError:
                # One that is no id must not cost the others, which are off the list already.
                return await claims.confirm(connection, [message_id for message_id in ids if _is_uuid(message_id)])


def receipt(ids: list[str]) -> bytes:
    """A receipt for these message ids."""
    return orjson.dumps(ids)


def _ids(entry: Any) -> list[str]:
    try:
        found = orjson.loads(entry)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) and len(item) == 36 for item in found):
        logger.warning("receipt_unreadable", extra={"size": len(entry)})
        return []
    return found


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
