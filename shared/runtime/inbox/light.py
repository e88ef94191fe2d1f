"""Light handlers: inbox rows, effect and follow-ups in one transaction per batch."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from shared.contracts.lanes import LANES
from shared.contracts.message import Send
from shared.runtime.context import traced
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.failpoints import failpoint
from shared.runtime.inbox import answers, store
from shared.runtime.inbox.delivery import Delivery, Item, Received
from shared.runtime.inbox.handlers import Handler, LightHandler
from shared.runtime.outcomes import OUT_OF_TIME, Done, Failed, Outcome, Retry, outcome_of, own_errors
from shared.runtime.process import ProcessRuntime

logger = logging.getLogger(__name__)

T = TypeVar("T")
Report = Callable[[UUID, Outcome, int], None]
"""Told what became of a message, and at which attempt."""
SERIALIZATION_TRIES: Final = 5
CONFLICT_AGAIN_S: Final = 1.0
MAX_CRASHES: Final = 3


async def run(
    runtime: ProcessRuntime, handler: LightHandler[Any], delivery: Delivery, items: Sequence[Item], report: Report
) -> None:
    """The whole batch at once; one by one where an item made the handler raise, or a copy may have killed a process."""
    if not items:
        return
    if delivery.isolate:
        await _one_by_one(runtime, handler, delivery, items, report)
        return
    try:
        await _together(runtime, handler, delivery, items, report)
    except Exception as error:
        if is_away(error):
            raise
        if len(items) > 1:
            logger.info("batch_split", extra={"task": delivery.name, "count": len(items), "error_class": type(error).__name__})
        await _one_by_one(runtime, handler, delivery, items, report)


async def refuse(runtime: ProcessRuntime, handler: Handler, delivery: Delivery, items: Sequence[Item], report: Report) -> None:
    """Payloads that do not validate become dead letters at once: trying again cannot heal them."""

    def invalid(lease: store.Lease) -> Outcome:
        return Failed(lease.item.problem or "", "invalid_payload", "ValidationError")

    await _settle_all(runtime, handler, delivery, items, invalid, report)


async def put_off(
    runtime: ProcessRuntime, handler: Handler, delivery: Delivery, items: Sequence[Item], report: Report, *, counts: bool
) -> None:
    """What the delivery's time did not suffice for is tried again: under its retry policy, or at once where it does not count."""

    def retry(lease: store.Lease) -> Outcome:
        received = lease.item.received(delivery.lane, lease.attempt)
        return with_retries(runtime, received, Retry(OUT_OF_TIME, counts=counts, error_class="TimeoutError"))

    await _settle_all(runtime, handler, delivery, items, retry, report)


async def _settle_all(
    runtime: ProcessRuntime,
    handler: Handler,
    delivery: Delivery,
    items: Sequence[Item],
    outcome_for: Callable[[store.Lease], Outcome],
    report: Report,
) -> None:
    """Give each item that nobody else has an outcome without running the handler."""
    token = store.new_token()

    async def attempt() -> tuple[list[store.Lease], dict[UUID, Outcome]]:
        async with runtime.database.unit_of_work() as session:
            leases = await store.claim(session, delivery, items, token, lease_seconds(runtime, delivery))
            outcomes = {lease.item.id: outcome_for(lease) for lease in leases}
            await store.settle(session, token, outcomes)
        return leases, outcomes

    leases, outcomes = await past_conflicts(attempt)
    for lease in leases:
        report(lease.item.id, outcomes[lease.item.id], lease.attempt)
    await answers.publish(runtime, handler, outcomes, ())


async def _together(
    runtime: ProcessRuntime, handler: LightHandler[Any], delivery: Delivery, items: Sequence[Item], report: Report
) -> None:
    async def attempt() -> tuple[list[Received[Any]], Mapping[UUID, Any]]:
        async with runtime.database.unit_of_work() as session:
            attempts = await store.take(session, delivery, items)
            fresh = [item.received(delivery.lane, attempts[item.id]) for item in items if item.id in attempts]
            results = await _handle(handler, session, fresh)
            await answers.keep(session, handler, results)
            failpoint("worker.before_commit")
        return fresh, results

    fresh, results = await past_conflicts(attempt)
    failpoint("worker.committed")
    for one in fresh:
        report(one.id, Done(results[one.id]), one.attempt)
    await answers.publish(runtime, handler, {item.id: Done(results[item.id]) for item in fresh}, fresh)


async def past_conflicts(attempt: Callable[[], Awaitable[T]]) -> T:
    """Call `attempt`, which is one transaction, until no other transaction is in its way: that is nobody's try."""
    for tries_left in reversed(range(SERIALIZATION_TRIES)):
        try:
            return await attempt()
        except DBAPIError as error:
            if not is_conflict(error) or not tries_left:
                raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2 ** (SERIALIZATION_TRIES - tries_left)))
    raise AssertionError("unreachable: the last try returns or raises")


async def _handle(handler: LightHandler[Any], session: Session, received: Sequence[Received[Any]]) -> Mapping[UUID, Any]:
    if not received:
        return {}
    with traced(received[0].trace.child()), own_errors():
        answered = await handler.handle(session, received)
    failpoint("worker.handled")
    return {one.id: answered[index] if answered is not None else None for index, one in enumerate(received)}


async def _one_by_one(
    runtime: ProcessRuntime, handler: LightHandler[Any], delivery: Delivery, items: Sequence[Item], report: Report
) -> None:
    """Each item alone, its attempt committed first, so that what kills the process is counted and takes nobody along."""
    for item in items:
        token = store.new_token()
        lease = await claim_one(runtime, delivery, item, token)
        if lease is None:
            continue
        received = item.received(delivery.lane, lease.attempt)
        outcome = await _alone(runtime, handler, received, lease, token)
        if outcome is not None:
            report(item.id, outcome, lease.attempt)
            await answers.publish(runtime, handler, {item.id: outcome}, [received])


async def _alone(
    runtime: ProcessRuntime, handler: LightHandler[Any], received: Received[Any], lease: store.Lease, token: UUID
) -> Outcome | None:
    outcome: Outcome

    async def attempt() -> Outcome:
        async with runtime.database.unit_of_work() as session:
            results = await _handle(handler, session, [received])
            done = Done(results[received.id])
            if not await store.settle(session, token, {received.id: done}):
                raise LeaseLost
            failpoint("worker.before_commit")
        return done

    try:
        if lease.crashes >= MAX_CRASHES:
            outcome = poisonous(lease)
        else:
            return await past_conflicts(attempt)
    except LeaseLost:
        return None
    except Exception as error:
        if is_away(error):
            # Nothing of it was committed: what the database did is neither a try nor a crash.
            runtime.unused_leases.append(token)
            raise
        busy = Retry("others were in the way of its transaction", CONFLICT_AGAIN_S, counts=False, error_class="Conflict")
        outcome = with_retries(runtime, received, busy if is_conflict(error) else outcome_of(error))

    async def end() -> Outcome | None:
        async with runtime.database.unit_of_work() as session:
            return outcome if await store.settle(session, token, {received.id: outcome}) else None

    return await past_conflicts(end)


async def give_back_unused(runtime: ProcessRuntime) -> None:
    """End the leases that this process could not use because the database went away, now that it may be there again."""
    if not runtime.unused_leases:
        return
    async with runtime.database.unit_of_work() as session:
        await store.give_back(session, runtime.unused_leases)
    runtime.unused_leases.clear()


async def claim_one(runtime: ProcessRuntime, delivery: Delivery, item: Item, token: UUID) -> store.Lease | None:
    """Lease one message in a transaction of its own; None when it is done, waiting, or in somebody's hands."""
    lease_s = lease_seconds(runtime, delivery)

    async def attempt() -> list[store.Lease]:
        async with runtime.database.unit_of_work() as session:
            leases = await store.claim(session, delivery, [item], token, lease_s)
            if not leases and await store.release_vanished(session, [item.id]):
                leases = await store.claim(session, delivery, [item], token, lease_s)
            return leases

    leases = await past_conflicts(attempt)
    failpoint("worker.claimed")
    return leases[0] if leases else None


def lease_seconds(runtime: ProcessRuntime, delivery: Delivery) -> float:
    """A lease outlives the lane's hard limit by a little: whoever still works then has been killed."""
    limit_s = LANES[delivery.lane].hard_limit_s if delivery.lane in LANES else 60
    return runtime.settings.scaled(limit_s + 5)


def poisonous(lease: store.Lease) -> Failed:
    """What killed its process too often."""
    return Failed(f"its process vanished {lease.crashes} times while handling it", "poison", "WorkerLost")


def with_retries(runtime: ProcessRuntime, received: Received[Any], outcome: Outcome) -> Outcome:
    """A retry with its delay under the contract's or the sender's policy, or a failure when its retries are used up."""
    if not isinstance(outcome, Retry):
        return outcome
    if not outcome.counts:
        return replace(outcome, after_s=runtime.settings.scaled(outcome.after_s)) if outcome.after_s else outcome
    message = received.message
    policy = (message.retry if isinstance(message, Send) else None) or message.contract.retry
    if received.attempt > policy.max_retries:
        return Failed(outcome.error, "retries_exhausted", outcome.error_class)
    delay_s = runtime.settings.scaled(policy.delay_s(received.attempt, at_least_s=outcome.after_s))
    return Retry(outcome.error, delay_s, True, outcome.error_class)


class LeaseLost(Exception):
    """Somebody else has the message by now; what we did is rolled back."""
