"""How many children a worker has: as it was started, or as an operator has set for a lane that it takes from.

What is set is a row of the service's (`lane_pools`). Its relay writes the rows into Redis, and each worker looks there every two
seconds: a worker that starts later gets it, too, and nobody has to publish control for it.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

logger = logging.getLogger(__name__)


def pools_key(service: str) -> str:
    """Where a service's relay tells its workers: JSON, sizes by lane."""
    return f"cache:{service}:pools"


class Sizing:
    """Of one worker. An autoscaler keeps its range where nothing is set, and is held to the one size where something is."""

    def __init__(self) -> None:
        self._usual: tuple[int, int] | None = None

    def apply(self, consumer: Any, lanes: list[str], told: bytes | None) -> None:
        """Bring the pool to what is told for its lanes; of several lanes the largest counts. A pool without children stays."""
        if not hasattr(consumer.pool, "grow") or getattr(consumer.pool, "_pool", None) is None:
            return
        wanted = max((size for lane, size in _sizes(told).items() if lane in lanes), default=None)
        if wanted is None and self._usual is None:
            return
        self._usual = self._usual or _range(consumer)
        most, least = (wanted, wanted) if wanted is not None else self._usual
        if (most, least) != _range(consumer):
            logger.warning("pool_resized", extra={"most": most, "least": least})
            _resize(consumer, most, least)
        if wanted is None:
            self._usual = None


def _range(consumer: Any) -> tuple[int, int]:
    autoscaler = consumer.controller.autoscaler
    if autoscaler is not None:
        return autoscaler.max_concurrency, autoscaler.min_concurrency
    return consumer.pool.num_processes, consumer.pool.num_processes


def _resize(consumer: Any, most: int, least: int) -> None:
    """As Celery's own `pool_grow`, `pool_shrink` and `autoscale` do it."""
    if consumer.controller.autoscaler is not None:
        consumer.controller.autoscaler.update(most, least)
        return
    more = most - consumer.pool.num_processes
    if more > 0:
        consumer.pool.grow(more)
    else:
        try:
            consumer.pool.shrink(-more)
        except ValueError:
            # All children are busy: the next look tries again.
            return
    consumer._update_prefetch_count(more)


def _sizes(told: bytes | None) -> Mapping[str, int]:
    try:
        found = json.loads(told or b"{}")
    except ValueError:
        return {}
    return {lane: size for lane, size in found.items() if isinstance(size, int)} if isinstance(found, dict) else {}
