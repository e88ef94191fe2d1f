"""Contracts that answer: the result is kept with the inbox row, and mirrored to where Celery's AsyncResult looks.

The row is the truth for as long as the inbox keeps it; what is in Redis is a cache with an expiry.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from shared.contracts.message import Answer
from shared.runtime import broker
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.inbox import store
from shared.runtime.inbox.delivery import Delivery, Item, Received
from shared.runtime.inbox.handlers import Handler, LightHandler
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped
from shared.runtime.process import ProcessRuntime

logger = logging.getLogger(__name__)

_KEEP: Final = text("UPDATE inbox SET result = CAST(:result AS json) WHERE id = :id")


async def keep(session: Session, handler: Handler, results: Mapping[UUID, Any]) -> None:
    """Write the answers beside the rows that they belong to, in the transaction of the effect."""
    if handler.message_type.contract.answer is None:
        return
    for message_id, result in results.items():
        await session.execute(_KEEP, {"id": message_id, "result": orjson.dumps(result).decode()})


async def publish(
    runtime: ProcessRuntime, handler: Handler, outcomes: Mapping[UUID, Outcome], received: Sequence[Received[Any]]
) -> None:
    """Let `AsyncResult(id)` see the outcomes, and the next same payload find the answer where the contract caches."""
    answer = handler.message_type.contract.answer
    if answer is None or not outcomes:
        return
    bodies = {one.id: one.message.model_dump_json() for one in received} if answer.cache_s else {}
    try:
        async with runtime.results.pipeline(transaction=False) as pipe:
            for message_id, outcome in outcomes.items():
                key = broker.result_key(str(message_id))
                meta = _meta(message_id, outcome)
                pipe.set(key, meta, ex=answer.keep_s)
                pipe.publish(key, meta)
                if answer.cache_s and isinstance(outcome, Done):
                    pipe.set(_cache_key(runtime, handler, bodies[message_id]), orjson.dumps(outcome.result), ex=answer.cache_s)
            await pipe.execute()
    except broker.BROKER_ERRORS as error:
        logger.warning("answers_failed", extra={"error": str(error), "task": handler.message_type.contract.name})


async def answered(runtime: ProcessRuntime, message_id: UUID) -> Any:
    """A message's answer as its inbox row has it. Raises RuntimeError, as AsyncResult does, unless it has been carried out."""
    statement = text("SELECT state, result::text AS result, error_class, error FROM inbox WHERE id = :id")
    async with runtime.database.read() as session:
        row = (await session.execute(statement, {"id": message_id})).one()
    if row.state == store.DROPPED:
        return {"dropped": row.error}
    if row.state != store.DONE:
        raise RuntimeError(f"{row.error_class}: {row.error}")
    return None if row.result is None else orjson.loads(row.result)


async def announce_started(runtime: ProcessRuntime, answer: Answer, ids: Sequence[UUID]) -> None:
    """Say STARTED, so that a waiting client sees that a worker has the message."""
    try:
        async with runtime.results.pipeline(transaction=False) as pipe:
            for message_id in ids:
                pipe.set(broker.result_key(str(message_id)), _encode(message_id, "STARTED", None), ex=answer.keep_s, nx=True)
            await pipe.execute()
    except broker.BROKER_ERRORS:
        logger.debug("answers_started_failed")


async def from_cache(
    runtime: ProcessRuntime, handler: LightHandler[Any], delivery: Delivery, items: Sequence[Item], report: Any
) -> Sequence[Item]:
    """Answer what was answered for the same payload a moment ago, or what is done already, and return the rest."""
    answer = handler.message_type.contract.answer
    assert answer is not None
    rest: list[Item] = []
    for item in items:
        found = await _known(runtime, item) or await _take_cached(runtime, handler, delivery, item)
        if found is None:
            rest.append(item)
            continue
        report(item.id, found, 1)
        await publish(runtime, handler, {item.id: found}, [item.received(delivery.lane, 1)])
    await announce_started(runtime, answer, [item.id for item in rest])
    return rest


async def _known(runtime: ProcessRuntime, item: Item) -> Done | None:
    """The answer of a message that is done: its copy in Redis may have gone with the broker."""
    async with runtime.database.read() as session:
        row = (
            await session.execute(text("SELECT result::text AS result FROM inbox WHERE id = :id AND state = 0"), {"id": item.id})
        ).first()
    return None if row is None else Done(None if row.result is None else orjson.loads(row.result))


async def _take_cached(runtime: ProcessRuntime, handler: Handler, delivery: Delivery, item: Item) -> Done | None:
    """The same payload's answer, where the message is free to be done with it: not one that waits or is in other hands."""
    answer = handler.message_type.contract.answer
    found = await _cached(runtime, handler, item, answer) if answer is not None else None
    if found is None:
        return None
    async with runtime.database.unit_of_work() as session:
        if not await store.take(session, delivery, [item]):
            return None
        await keep(session, handler, {item.id: found.result})
    return found


async def _cached(runtime: ProcessRuntime, handler: Handler, item: Item, answer: Answer) -> Done | None:
    if not answer.cache_s or item.message is None:
        return None
    try:
        found = await runtime.results.get(_cache_key(runtime, handler, item.message.model_dump_json()))
    except broker.BROKER_ERRORS:
        return None
    return None if found is None else Done(orjson.loads(found))


def _cache_key(runtime: ProcessRuntime, handler: Handler, body: str) -> str:
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f"answers:{runtime.settings.service}:{handler.message_type.contract.name}:{digest}"


def _meta(message_id: UUID, outcome: Outcome) -> bytes:
    match outcome:
        case Done(result):
            return _encode(message_id, "SUCCESS", result)
        case Skipped(reason):
            return _encode(message_id, "SUCCESS", {"dropped": reason})
        case Retry():
            return _encode(message_id, "RETRY", _error(outcome))
        case Failed():
            return _encode(message_id, "FAILURE", _error(outcome))


def _error(outcome: Retry | Failed) -> dict[str, Any]:
    # Celery's result backend rebuilds an exception from these three; RuntimeError is one that every client has.
    return {"exc_type": "RuntimeError", "exc_module": "builtins", "exc_message": [f"{outcome.error_class}: {outcome.error}"]}


def _encode(message_id: UUID, status: str, result: Any) -> bytes:
    ended = None if status in ("STARTED", "RETRY") else system_clock().isoformat()
    return orjson.dumps(
        {"status": status, "result": result, "traceback": None, "children": [], "date_done": ended, "task_id": str(message_id)}
    )
