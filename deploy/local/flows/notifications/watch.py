"""All deliveries of a run, read for everybody who waits for some of them at once: each asking alone would be asking too often."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deploy.local.polling import POLL_S, read_all


class Watch:
    """Reads what was created since it was made."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self._api = api
        # The database's clock may be another one.
        self._since = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
        self._lock = asyncio.Lock()
        self._read_at = 0.0
        self._found: Sequence[dict[str, Any]] = ()

    async def deliveries(self) -> Sequence[dict[str, Any]]:
        """As they stood a quarter of a second ago at most."""
        async with self._lock:
            if time.monotonic() - self._read_at >= POLL_S * 0.8:
                self._found = await read_all(self._api, "/v1/deliveries", {"created_after": self._since, "limit": "200"})
                self._read_at = time.monotonic()
            return self._found
