"""From a delivery to its effects: the way of every message through a worker."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.exc import DBAPIError

from shared.contracts.lanes import LANES
from shared.runtime import broker
from shared.runtime.clock import system_clock
from shared.runtime.db import is_away
from shared.runtime.errors import first_line
from shared.runtime.failpoints import failpoint, mutated
from shared.runtime.inbox import answers, effect, light
from shared.runtime.inbox.delivery import Delivery, Item
from shared.runtime.inbox.handlers import Handler, LightHandler
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped
from shared.runtime.process import ProcessRuntime
from shared.runtime.relay.receipts import receipt

logger = logging.getLogger(__name__)

SAFETY_S: Final = 10
"""A batch's own time limit is this much shorter than the lane's hard one, which kills the process."""


class DatabaseAway(Exception):
    """The database cannot be reached; the delivery goes back to its lane untouched."""


class OutOfTime(Exception):
    """A batch took too long; the delivery goes back to its lane, and comes again to be carried out one by one."""


@dataclass(slots=True)
class Summary:
    """What became of a delivery, for events, metrics and logs. Seconds and counts, no payloads."""

    name: str
    lane: str
    received: int
    waited_s: float
    began_at: datetime
    items: dict[UUID, Item]
    started: float = field(default_factory=time.monotonic)
    outcomes: dict[UUID, str] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    told: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    ran_s: float = 0.0

    def add(self, message_id: UUID, outcome: Outcome, attempt: int) -> None:
        """Count one outcome."""
        item, error_class = self.items[message_id], None
        self.outcomes[message_id] = word(outcome)
        if isinstance(outcome, Failed | Retry):
            error_class = outcome.error_class
            self.errors[error_class] = self.errors.get(error_class, 0) + 1
        waited_s = round(max(0.0, (self.began_at - item.ready_at).total_seconds()), 4)
        self.told[message_id] = (str(message_id), word(outcome), attempt, item.trace.correlation_id, waited_s, error_class)

    def counts(self) -> dict[str, int]:
        """How many messages ended in which way; `known` ones were done, or somebody else's, before."""
        counted = {"known": self.received - len(self.outcomes)} if self.received > len(self.outcomes) else {}
        for outcome in self.outcomes.values():
            counted[outcome] = counted.get(outcome, 0) + 1
        return counted


def word(outcome: Outcome) -> str:
    """The outcome's name in events and metrics."""
    match outcome:
        case Done():
            return "done"
        case Skipped():
            return "dropped"
        case Retry():
            return "retry"
        case Failed():
            return "failed"


async def consume(runtime: ProcessRuntime, handler: Handler, delivery: Delivery) -> Summary:
    """Carry out one delivery and say what became of its messages.

    Raises DatabaseAway when nothing could be written, and OutOfTime; everything else ends in the inbox.
    """
    now = system_clock()
    oldest = min((item.ready_at for item in delivery.items), default=now)
    items = {item.id: item for item in delivery.items}
    waited_s = max(0.0, (now - oldest).total_seconds())
    summary = Summary(delivery.name, delivery.lane, len(delivery.items), waited_s, now, items)
    hard_limit_s = LANES[delivery.lane].hard_limit_s if delivery.lane in LANES else 60
    limit = asyncio.timeout(runtime.settings.scaled(max(1.0, hard_limit_s - SAFETY_S)))
    try:
        try:
            async with limit:
                await light.give_back_unused(runtime)
                await _carry_out(runtime, handler, delivery, summary)
        except TimeoutError:
            if not limit.expired():
                raise
            await _out_of_time(runtime, handler, delivery, summary)
    except (OSError, DBAPIError) as error:
        if not is_away(error):
            raise
        raise DatabaseAway(first_line(error)) from error
    # The process's loop stands still until the next delivery, and with it a hint that waits for its turn.
    await runtime.hint.flush()
    summary.ran_s = time.monotonic() - summary.started
    return summary


async def _carry_out(runtime: ProcessRuntime, handler: Handler, delivery: Delivery, summary: Summary) -> None:
    valid: Sequence[Item] = [item for item in delivery.items if item.problem is None]
    invalid = [item for item in delivery.items if item.problem is not None]
    if invalid:
        await light.refuse(runtime, handler, delivery, invalid, summary.add)
        await send_receipts(runtime, invalid)
    if isinstance(handler, LightHandler):
        if handler.message_type.contract.answer is not None:
            valid = await answers.from_cache(runtime, handler, delivery, valid, summary.add)
        await light.run(runtime, handler, delivery, valid, summary.add)
        await send_receipts(runtime, valid)
    else:

        async def on_claimed(items: Sequence[Item]) -> None:
            await send_receipts(runtime, items)

        await effect.run(runtime, handler, delivery, valid, summary.add, on_claimed)


async def _out_of_time(runtime: ProcessRuntime, handler: Handler, delivery: Delivery, summary: Summary) -> None:
    """What the delivery's time did not suffice for is tried again, which counts where it is known to be its own fault. What an
    effect has leased stays leased: its calls may have been made, and the lease runs out by itself."""
    logger.warning("delivery_out_of_time", extra={"task": delivery.name, "lane": delivery.lane, "count": len(delivery.items)})
    left = [item for item in delivery.items if item.problem is None and item.id not in summary.outcomes]
    if isinstance(handler, LightHandler) and len(left) > 1 and not delivery.isolate:
        # One of them took the time, and nobody knows which: tried again together, they would all die of it.
        raise OutOfTime(f"{len(left)} messages together took longer than a delivery may; they are carried out one by one")
    await light.put_off(runtime, handler, delivery, left, summary.add, counts=len(left) == 1 and not delivery.isolate)
    await send_receipts(runtime, delivery.items)


async def send_receipts(runtime: ProcessRuntime, items: Sequence[Item]) -> None:
    """Tell each producer which of its messages this service holds durably. A receipt that fails is made good later."""
    by_source: dict[str, list[str]] = {}
    for item in items:
        if item.source is not None:
            by_source.setdefault(item.source, []).append(str(item.id))
    if not by_source or mutated("receipts"):
        return
    failpoint("worker.before_receipt")
    try:
        async with runtime.redis.pipeline(transaction=False) as pipe:
            for source, ids in by_source.items():
                pipe.lpush(broker.receipts_key(source), receipt(ids))
            await pipe.execute()
    except broker.BROKER_ERRORS as error:
        logger.warning("receipts_failed", extra={"error": str(error), "count": len(items)})


def as_json(summary: Summary) -> str:
    """The summary as the task's return value, from which the worker's main process makes event and metrics.

    messages: for each [id, outcome, attempt, correlation id, seconds for which it waited, class of the error or null].
    """
    fields: dict[str, Any] = {
        "outcomes": summary.counts(),
        "messages": list(summary.told.values()),
        "errors": summary.errors,
        "waited_s": round(summary.waited_s, 4),
        "ran_s": round(summary.ran_s, 4),
    }
    return orjson.dumps(fields).decode()
